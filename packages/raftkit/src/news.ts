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
      | "introduced"
      | "membershipVerdict";
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
      events.emit("membership", { configuration: news.configuration });
      break;
    case "notice":
      operatorLog.notice(news);
      break;
    case "voteRefused":
      operatorLog.voteRefused(news);
      instruments?.voteRefused(news.reason);
      break;
    // Nothing here asks for a change of the members yet, nor introduces this node.
    case "removed":
    case "introduced":
    case "membershipVerdict":
      break;
    case "diverged": {
      const { peer, index, ownHash, peerHash } = news;
      operatorLog.diverged(news);
      events.emit("divergence", { peer, index, ownHash, peerHash });
      break;
    }
  }
}
