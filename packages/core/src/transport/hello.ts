// What two nodes say of themselves before anything else, and whether they belong together: the same
// for every transport, whatever carries the words.
import { isValidCommandEncoding } from "../encoding/command-encoding.js";
import { isValidAddress, isValidId, isValidIncarnation } from "../encoding/identifier-checks.js";
import { InvalidOption } from "../errors.js";
import type { LocalNode } from "../ports/transport.js";
import type { NodeId } from "../types.js";

/** How a node introduces itself. */
export interface Hello extends LocalNode {
  /** The largest frame that it sends and takes. */
  readonly maxFrameBytes: number;
  /** Whom it looks for; null for whoever is there, as at a seed, and in an answer. */
  readonly to: NodeId | null;
}

export type MismatchCode =
  /** The two belong to different clusters. */
  | "CLUSTER_MISMATCH"
  /** The two encode values or commands differently. */
  | "CODEC_MISMATCH"
  /** The two take frames of different size. */
  | "FRAME_LIMIT_MISMATCH"
  /** Another node is where one was looked for. */
  | "WRONG_PEER"
  /** The two have one id. */
  | "DUPLICATE_ID";

/** Why two nodes don't belong together. The text names both, so that either can print it. */
export interface Mismatch {
  readonly code: MismatchCode;
  readonly message: string;
}

const NAME = "1 to 64 characters of A-Z a-z 0-9 _ -";
const CODEC = "up to four names joined by +, each 1 to 32 characters of a-z 0-9 -";

/** What each field is called, which values it may have, and the check. */
const FIELDS: {
  readonly [Field in keyof LocalNode]: readonly [string, string, (value: unknown) => boolean];
} = {
  id: ["node id", NAME, text(isValidId)],
  clusterId: ["cluster id", NAME, text(isValidId)],
  incarnation: ["incarnation", "16 to 64 characters of A-Z a-z 0-9 _ -", text(isValidIncarnation)],
  run: ["run", "a whole number", isCount],
  codec: ["codec name", CODEC, text(isValidCommandEncoding)],
  address: ["address", "1 to 256 printable characters without spaces", text(isValidAddress)],
};

/** @throws {InvalidOption} names the field with which a node can't introduce itself. */
export function checkLocalNode(local: LocalNode): void {
  const said: Readonly<Record<string, unknown>> = { ...local };
  for (const [field, [name, allowed, isValid]] of Object.entries(FIELDS)) {
    if (isValid(said[field])) continue;
    throw new InvalidOption(`the ${name} is "${String(said[field])}"; give ${allowed}`);
  }
}

/** What a node says of itself. */
export function helloOf(local: LocalNode, maxFrameBytes: number, to: NodeId | null): Hello {
  const { clusterId, id, incarnation, run, codec, address } = local;
  return { clusterId, id, incarnation, run, codec, address, maxFrameBytes, to };
}

/** @returns undefined when it is no hello. Whatever else is in it is left out. */
export function readHello(value: unknown): Hello | undefined {
  return isHello(value) ? helloOf(value, value.maxFrameBytes, value.to) : undefined;
}

/**
 * Whether two nodes, by what they said of themselves, may talk: they are of one cluster with one
 * codec and one limit for frames, each is whom the other looked for, and they aren't namesakes. A
 * node that finds itself at a seed is a namesake, too: ask `isSameRun` before.
 * @returns why not, or undefined
 */
export function mismatch(ours: Hello, theirs: Hello): Mismatch | undefined {
  if (theirs.clusterId !== ours.clusterId) {
    return {
      code: "CLUSTER_MISMATCH",
      message: `${theirs.id} belongs to cluster "${theirs.clusterId}", ${ours.id} to "${ours.clusterId}"; give both the same cluster id`,
    };
  }
  if (theirs.codec !== ours.codec) {
    return {
      code: "CODEC_MISMATCH",
      message: `${theirs.id} uses the codec "${theirs.codec}", ${ours.id} uses "${ours.codec}"; give both the same codec, and state machines of the same commandFormat`,
    };
  }
  // Not the smaller of the two: a leader would accept an entry that never gets to a peer.
  if (theirs.maxFrameBytes !== ours.maxFrameBytes) {
    return {
      code: "FRAME_LIMIT_MISMATCH",
      message: `${theirs.id} takes frames of up to ${theirs.maxFrameBytes} bytes, ${ours.id} of up to ${ours.maxFrameBytes}; give every node the same maxFrameBytes`,
    };
  }
  if (ours.to !== null && ours.to !== theirs.id) return wrongPeer(ours.id, ours.to, theirs.id);
  if (theirs.to !== null && theirs.to !== ours.id) return wrongPeer(theirs.id, theirs.to, ours.id);
  if (theirs.id === ours.id) {
    return {
      code: "DUPLICATE_ID",
      message: `two nodes call themselves ${ours.id}; give every node an id of its own`,
    };
  }
  return undefined;
}

function wrongPeer(seeker: NodeId, sought: NodeId, found: NodeId): Mismatch {
  return {
    code: "WRONG_PEER",
    message: `${seeker} looked for ${sought} and found ${found}; check the addresses of ${sought} and ${found}`,
  };
}

function isHello(value: unknown): value is Hello {
  if (typeof value !== "object" || value === null) return false;
  const said: Readonly<Record<string, unknown>> = { ...value };
  const { maxFrameBytes, to } = said;
  return (
    Object.entries(FIELDS).every(([field, [, , isValid]]) => isValid(said[field])) &&
    isCount(maxFrameBytes) &&
    maxFrameBytes !== 0 &&
    (to === null || (typeof to === "string" && isValidId(to)))
  );
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function text(isValid: (value: string) => boolean): (value: unknown) => boolean {
  return (value) => typeof value === "string" && isValid(value);
}
