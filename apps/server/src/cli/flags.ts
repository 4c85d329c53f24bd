// The library's messages name its own options and calls; an operator knows flags and requests.
import { optionTable } from "./table.js";

const renamed: ReadonlyMap<string, string> = new Map([
  ["cluster.bootstrap", "peers"],
  ["cluster.alone: true", "alone"],
  ["cluster.alone", "alone"],
  ["cluster.join", "join"],
  ["rejoin: true", "rejoin"],
  ["cluster.rejoin", "rejoin"],
  ["cluster.id", "cluster-id"],
  ["defaultTimeoutMs", "timeout-ms"],
  ["heartbeatIntervalMs", "heartbeat-ms"],
  ["createNode's codec", "codec"],
  ["createNode's id", "id"],
  ...Object.entries(optionTable)
    .filter(([name]) => /[A-Z]/.test(name))
    .map(([name, { flag }]) => [name, flag] as const),
]);
const NAMES = new RegExp(
  `(?:the option |createNode's )?\\b(${[...renamed.keys()].join("|")})\\b`,
  "g",
);

/** A message with flags in place of the library's options, and requests in place of its calls. */
export function inFlags(message: string): string {
  return message
    .replaceAll(NAMES, (text, name: string) => {
      const flag = renamed.get(text) ?? renamed.get(name);
      return flag === undefined ? text : `--${flag}`;
    })
    .replaceAll(/\b(?:node\.)?changeMembership\b/g, "POST /v1/cluster/members")
    .replaceAll(/\bnode\.member\(\)/g, "GET /readyz");
}
