// What the dashboard shows of this node.
import type { RaftView } from "@raftkit-app/dashboard";
import type { Codec } from "@raftkit/core";
import type { NodeStatus } from "raftkit";
import { entryView } from "./entry-view.js";
import type { LogTail } from "./log-tail.js";
import type { Metrics } from "./metrics.js";

const ENTRIES_SHOWN = 30;

/** What a node's log is read from. */
export interface LogSource {
  readonly tail: LogTail;
  readonly codec: Codec;
}

export async function raftView(
  status: NodeStatus,
  log: LogSource | undefined,
  figures: Metrics["figures"],
): Promise<RaftView> {
  const { configuration, snapshot } = status;
  const ids = (servers: readonly { readonly id: string }[]): string[] =>
    servers.map(({ id }) => id);
  return {
    role: status.isPreCandidate ? "preCandidate" : status.role,
    term: status.term,
    leaderId: status.leaderId,
    lastIndex: status.lastIndex,
    durableIndex: status.durableIndex,
    commitIndex: status.commitIndex,
    lastApplied: status.lastApplied,
    baseIndex: status.baseIndex,
    snapshot: snapshot && { index: snapshot.index, bytes: snapshot.bytes },
    configuration: configuration
      ? {
          voters: ids(configuration.voters),
          learners: ids(configuration.learners),
          outgoing: ids(configuration.outgoing),
        }
      : null,
    configurationIndex: status.configurationIndex,
    configurationCommitted: status.configurationCommitted,
    peers: status.peers.map(({ id, matchIndex, nextIndex, lastContactMs, install }) => ({
      id,
      matchIndex,
      nextIndex,
      lastContactMs,
      install,
    })),
    log: log?.tail.last(ENTRIES_SHOWN).map((entry) => entryView(log.codec, entry)) ?? [],
    figures: {
      messages: {
        received: status.counters.messagesReceived,
        sent: status.counters.messagesSent,
      },
      ...(await figures()),
    },
  };
}
