// All mutants, and the two that check the harness itself.
import { core } from "./core.mjs";
import { raftkit } from "./raftkit.mjs";
import { storageFile } from "./storage-file.mjs";
import { transportHttp } from "./transport-http.mjs";
import { transportTcp } from "./transport-tcp.mjs";

/**
 * A one-place fault.
 * @typedef {object} Mutant
 * @property {string} id
 * @property {string} file from the repository's root
 * @property {string} find occurs there exactly once
 * @property {string} replace
 * @property {string} why what goes wrong with it
 * @property {(typeof import("./golden.mjs").SAFETY_RULES)[number]} [rule] the safety rule that it
 * breaks: a golden text alone is no proof then
 */

/** @type {readonly Mutant[]} */
export const mutants = [...core, ...raftkit, ...storageFile, ...transportHttp, ...transportTcp];

/**
 * No majority is ever reached. Raftkit's own tests must fail with it: so the copy's packages find
 * each other. @type {Mutant}
 */
export const fatal = {
  id: "fatal",
  file: "packages/core/src/quorum/majority.ts",
  find: "return Math.floor(n / 2) + 1;",
  replace: "return n + 1;",
  why: "the harness must report it as killed, by a test of a package that depends on the changed one",
};

/** Changes nothing. @type {Mutant} */
export const harmless = {
  id: "harmless",
  file: "packages/core/src/quorum/majority.ts",
  find: "// Majorities. Pure arithmetic; nothing here knows a node.",
  replace: "// Majorities. Pure arithmetic.",
  why: "the harness must report it as survived",
};

/** @param {Mutant} mutant @returns {string} as `core` */
export function packageOf({ file }) {
  return file.split("/")[1] ?? "";
}
