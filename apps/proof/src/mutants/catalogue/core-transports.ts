// Faults in what transports share: introductions. One changed place each.
import type { Mutant } from "../mutant.js";

export const transports: readonly Mutant[] = [
  {
    id: "core-t01",
    file: "packages/core/src/transport/hello.ts",
    find: "if (theirs.clusterId !== ours.clusterId) {",
    replace: "if (theirs.clusterId.length !== ours.clusterId.length) {",
    why: "another cluster's messages come in (hazard 56)",
  },
  {
    id: "core-t02",
    file: "packages/core/src/transport/hello.ts",
    find: "if (theirs.codec !== ours.codec) {",
    replace: "if (theirs.codec.length !== ours.codec.length) {",
    why: "entries come in that nobody here can apply",
  },
  {
    id: "core-t03",
    file: "packages/core/src/transport/hello.ts",
    find: "if (theirs.maxFrameBytes !== ours.maxFrameBytes) {",
    replace: "if (theirs.maxFrameBytes < ours.maxFrameBytes) {",
    why: "a leader accepts what a peer can never store (hazards 59, 66)",
  },
  {
    id: "core-t04",
    file: "packages/core/src/transport/hello.ts",
    find: "if (ours.to !== null && ours.to !== theirs.id)",
    replace: "if (ours.to !== null && ours.id === theirs.id)",
    why: "whoever answers where a peer was looked for counts as one",
  },
  {
    id: "core-t05",
    file: "packages/core/src/transport/hello.ts",
    find: "if (theirs.to !== null && theirs.to !== ours.id)",
    replace: "if (theirs.to !== null && theirs.id === ours.id)",
    why: "who looked for another node is let in",
  },
  {
    id: "core-t06",
    file: "packages/core/src/transport/hello.ts",
    find: "  if (theirs.id === ours.id) {",
    replace: "  if (theirs.id === ours.id && theirs.incarnation === ours.incarnation) {",
    why: "a namesake is let in under this node's own id",
  },
  {
    id: "core-t07",
    file: "packages/core/src/transport/hello.ts",
    find: 'return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;',
    replace: 'return typeof value === "number" && value >= 0;',
    why: "a run may be any number",
  },
];
