// The library's messages name its own options; an operator knows flags.
import { optionTable } from "./table.js";

const renamed: ReadonlyMap<string, string> = new Map([
  ["cluster.bootstrap", "peers"],
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

/** A message with flags in place of the library's options. */
export function inFlags(message: string): string {
  return message.replaceAll(NAMES, (text, name: string) => {
    const flag = renamed.get(text) ?? renamed.get(name);
    return flag === undefined ? text : `--${flag}`;
  });
}
