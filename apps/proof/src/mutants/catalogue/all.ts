// All mutants, and the two that check the harness itself.
import { core } from "./core.js";
import { kv } from "./kv.js";
import { raftkitFeed } from "./raftkit-feed.js";
import { raftkitMembers } from "./raftkit-members.js";
import { raftkit } from "./raftkit.js";
import { raftkitSnapshots } from "./raftkit-snapshots.js";
import { replicatedTime } from "./replicated-time.js";
import { sessions } from "./sessions.js";
import { storageFile } from "./storage-file.js";
import { storageFileSnapshots } from "./storage-file-snapshots.js";
import { transportHttp } from "./transport-http.js";
import { transportTcp } from "./transport-tcp.js";
import type { Mutant } from "../mutant.js";

export const mutants: readonly Mutant[] = [
  ...core,
  ...kv,
  ...raftkit,
  ...raftkitFeed,
  ...raftkitMembers,
  ...raftkitSnapshots,
  ...replicatedTime,
  ...sessions,
  ...storageFile,
  ...storageFileSnapshots,
  ...transportHttp,
  ...transportTcp,
];

/**
 * No majority is ever reached. Raftkit's own tests must fail with it: so the copy's packages find
 * each other.
 */
export const fatal: Mutant = {
  id: "fatal",
  file: "packages/core/src/quorum/majority.ts",
  find: "return Math.floor(n / 2) + 1;",
  replace: "return n + 1;",
  why: "the harness must report it as killed, by a test of a package that depends on the changed one",
};

/** Changes nothing. */
export const harmless: Mutant = {
  id: "harmless",
  file: "packages/core/src/quorum/majority.ts",
  find: "// Majorities. Pure arithmetic; nothing here knows a node.",
  replace: "// Majorities. Pure arithmetic.",
  why: "the harness must report it as survived",
};
