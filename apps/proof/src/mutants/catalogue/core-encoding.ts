// Faults in the log in memory and its bytes. One changed place each.
import type { Mutant } from "../mutant.js";

export const encoding: readonly Mutant[] = [
  // log, runs
  {
    id: "core-67",
    file: "packages/core/src/log/log.ts",
    find: "while ((this.#termStarts.at(-1)?.index ?? -1) >= index) this.#termStarts.pop();",
    replace: "while ((this.#termStarts.at(-1)?.index ?? -1) > index) this.#termStarts.pop();",
    why: "where a term began is still known after its entry was cut (hazard 19)",
    rule: "logMatching",
  },
  {
    id: "core-68",
    file: "packages/core/src/log/entry-runs.ts",
    find: "truncateRuns(runs, operation.index);",
    replace: "truncateRuns(runs, operation.index + 1);",
    why: "the first truncated entry comes back after a restart (hazard 22)",
    rule: "logMatching",
  },
  {
    id: "core-69",
    file: "packages/core/src/log/stored-log.ts",
    find: "if (firstIndex !== lastIndex + 1) {",
    replace: "if (firstIndex > lastIndex + 1) {",
    why: "a storage takes entries in place of others without a truncation (hazard 21)",
    rule: "logMatching",
  },
  // messages, entry
  {
    id: "core-70",
    file: "packages/core/src/encoding/fields.ts",
    find: "||\n      found.lastTerm > term ||",
    replace: "||",
    why: "a leader may send entries of a later term than its own",
    rule: "logMatching",
  },
  {
    id: "core-71",
    file: "packages/core/src/encoding/fields.ts",
    find: "term(max: Term = TERM_MAX): Term {",
    replace: "term(max: Term = Number.MAX_SAFE_INTEGER): Term {",
    why: "terms are taken that no entry can hold (hazard 60)",
  },
  {
    id: "core-72",
    file: "packages/core/src/encoding/entry.ts",
    find: "kind > EntryKind.clock || term < lastTerm) return undefined;",
    replace: "kind > EntryKind.clock || term === 0) return undefined;",
    why: "terms may fall within a run",
    rule: "logMatching",
  },
  {
    id: "core-79",
    rule: "logMatching",
    file: "packages/core/src/log/log.ts",
    find: "if (index === this.#base.index) return this.#base.term;",
    replace: "if (index === this.#base.index) return 0;",
    why: "the log's base has a wrong term",
  },
  {
    id: "core-93",
    file: "packages/core/src/encoding/frame.ts",
    find: "length > HEADER_BYTES_MAX || end > frame.length",
    replace: "end > frame.length",
    why: "a header of any length is decoded",
  },
];
