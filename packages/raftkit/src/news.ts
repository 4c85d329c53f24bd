// Passes on what core reports without asking for anything: to the operator, listeners and
// instruments.
import type { Effect, Index } from "@raftkit/core";
import type { Events } from "./events.js";
import type { Instrumentation } from "./instrumentation.js";
import type { OperatorLog } from "./operator-log.js";

export type News = Extract<
  Effect,
  {
    readonly type:
      | "committed"
      | "membership"
      | "notice"
      | "voteRefused"
      | "diverged"
      | "removed"
      | "introduced";
  }
>;

export interface Audience {
  readonly operatorLog: OperatorLog;
  readonly events: Events;
  readonly instruments: Instrumentation | undefined;
}

export function tellNews(
  news: News,
  lastApplied: Index,
  { operatorLog, events, instruments }: Audience,
): void {
  switch (news.type) {
    case "committed":
      instruments?.committed(news.commitIndex, lastApplied);
      events.emit("commit", { commitIndex: news.commitIndex });
      break;
    case "membership":
      operatorLog.membership(news);
      events.emit("membership", { configuration: news.configuration, index: news.index });
      break;
    case "notice":
      operatorLog.notice(news);
      break;
    case "voteRefused":
      operatorLog.voteRefused(news);
      instruments?.voteRefused(news.reason);
      break;
    case "removed": {
      const { configurationIndex, by } = news;
      operatorLog.removed(news);
      events.emit("removed", { configurationIndex, by });
      break;
    }
    case "introduced":
      operatorLog.introduced(news);
      break;
    case "diverged": {
      const { peer, index, ownHash, peerHash } = news;
      operatorLog.diverged(news);
      events.emit("divergence", { peer, index, ownHash, peerHash });
      break;
    }
  }
}
