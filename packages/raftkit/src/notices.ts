// What an operator should read once: peers that disagree, messages that are dropped.
import type { Notice } from "@raftkit/core";
import type { Logger } from "./api.js";

export const NOTICES: Readonly<Record<Notice, string>> = {
  bootstrapDisagrees:
    "this peer was started with another list of initial voters; the cluster can't form until the lists are the same",
  alreadyFormed:
    "this peer already holds a log, so the cluster was formed before; if this node's data directory was lost, bring it back",
  bootstrapIgnored:
    "the list of initial voters differs from the configuration in the log; the log's is in force",
};

export type LogOnce = (key: string, fields: object, message: string) => void;

export function createLogOnce(logger: Logger): LogOnce {
  const noticed = new Set<string>();
  return (key, fields, message) => {
    if (noticed.has(key) || noticed.size > 1000) return;
    noticed.add(key);
    logger.warn(fields, message);
  };
}
