// A logger that remembers its lines.
import type { Logger } from "raftkit";

export interface Lines extends Logger {
  readonly all: { readonly level: string; readonly fields: object; readonly message: string }[];
  matching(pattern: RegExp): Lines["all"];
}

export function createLines(): Lines {
  const all: Lines["all"] = [];
  const add = (level: string) => (fields: object, message: string) =>
    void all.push({ level, fields, message });
  return {
    all,
    matching: (pattern) => all.filter(({ message }) => pattern.test(message)),
    debug: add("debug"),
    info: add("info"),
    warn: add("warn"),
    error: add("error"),
  };
}
