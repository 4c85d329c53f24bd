// How nodes introduce themselves: one header, in every request and in every answer to a node that
// introduced itself well. `raftkit-hello: VERSION CLUSTER FROM INCARNATION RUN CODEC ADDRESS
// MAXFRAMEBYTES TO`, where TO is `*` for any node. None of the values can contain a space.
import type { LocalNode, NodeId, Sender } from "@raftkit/core";
import {
  isValidAddress,
  isValidCommandEncoding,
  isValidId,
  isValidIncarnation,
} from "@raftkit/core";
import { PeerRejected } from "./errors.js";

export const HELLO_HEADER = "raftkit-hello";
/** Raised by every change of the header or of the body that an older node would misread. */
export const PROTOCOL_VERSION = 2;
/** In place of an id: a seed's isn't known before it answers. */
const ANYBODY = "*";

/** What a node says of itself. */
export interface Introduction extends LocalNode {
  /** The largest frame that it sends and takes. */
  readonly maxFrameBytes: number;
}

export interface Hello extends Introduction {
  /** The expected node; undefined if the sender asks who is there. */
  readonly to: NodeId | undefined;
}

export function formatHello(local: Introduction, to: NodeId | undefined): string {
  return [
    PROTOCOL_VERSION,
    local.clusterId,
    local.id,
    local.incarnation,
    local.run,
    local.codec,
    local.address,
    local.maxFrameBytes,
    to ?? ANYBODY,
  ].join(" ");
}

/** @returns why not, when the text is no hello of this version. */
export function parseHello(text: string | null): Hello | PeerRejected {
  const values = (text ?? "").split(" ");
  const version = wholeNumber(values[0]);
  if (version === undefined) return malformed(text);
  if (version !== PROTOCOL_VERSION) {
    return new PeerRejected(
      "WRONG_VERSION",
      `a peer speaks version ${version} of the HTTP transport, this node version ${PROTOCOL_VERSION}; run compatible releases of @raftkit/transport-http`,
    );
  }
  const [, clusterId = "", id = "", incarnation = "", , codec = "", address = "", , to = ""] =
    values;
  const run = wholeNumber(values[4]);
  const maxFrameBytes = wholeNumber(values[7]);
  const valid =
    values.length === 9 &&
    isValidId(clusterId) &&
    isValidId(id) &&
    isValidIncarnation(incarnation) &&
    run !== undefined &&
    isValidCommandEncoding(codec) &&
    isHttpAddress(address) &&
    maxFrameBytes !== undefined &&
    maxFrameBytes > 0 &&
    (to === ANYBODY || isValidId(to));
  const sought = to === ANYBODY ? undefined : to;
  return valid
    ? { clusterId, id, incarnation, run, codec, address, maxFrameBytes, to: sought }
    : malformed(text);
}

/** What speaks against a request that came in. */
export function checkCaller(local: Introduction, caller: Hello): PeerRejected | undefined {
  const mismatch = checkCommon(local, caller);
  if (mismatch !== undefined) return mismatch;
  if (caller.to !== undefined && caller.to !== local.id) {
    return new PeerRejected(
      "WRONG_NODE",
      `peer ${caller.id} calls for node "${caller.to}", but this is "${local.id}"; check the address of ${caller.to} in the list that ${caller.id} was started with`,
    );
  }
  return caller.id === local.id ? duplicate(local, caller.address) : undefined;
}

/** Whether it is this run of this node. */
export function isSelf(local: Sender, { id, incarnation, run }: Sender): boolean {
  return id === local.id && incarnation === local.incarnation && run === local.run;
}

/**
 * Why an answer from `address` is refused.
 * @param expected the node that should be there; undefined at a seed, where any other may be
 */
export function checkAnswerer(
  local: Introduction,
  answerer: Hello,
  expected: NodeId | undefined,
  address: string,
): PeerRejected | undefined {
  const mismatch = checkCommon(local, answerer);
  if (mismatch !== undefined) return mismatch;
  const wanted = expected ?? answerer.id;
  if (answerer.id !== wanted || answerer.to !== local.id) {
    return new PeerRejected(
      "WRONG_NODE",
      `node "${answerer.id}" answers at ${address}, where "${wanted}" should be; check the address of ${wanted}`,
    );
  }
  return answerer.id === local.id && !isSelf(local, answerer)
    ? duplicate(local, address)
    : undefined;
}

function duplicate(local: Introduction, address: string): PeerRejected {
  return new PeerRejected(
    "DUPLICATE_ID",
    `another node at ${address} claims this node's id "${local.id}"; give every node an id of its own`,
  );
}

function checkCommon(local: Introduction, other: Hello): PeerRejected | undefined {
  if (other.clusterId !== local.clusterId) {
    return new PeerRejected(
      "WRONG_CLUSTER",
      `peer ${other.id} belongs to cluster "${other.clusterId}", this node to "${local.clusterId}"; check the cluster's id on both, and their lists of peers`,
    );
  }
  if (other.codec !== local.codec) {
    return new PeerRejected(
      "WRONG_CODEC",
      `peer ${other.id} uses codec "${other.codec}", this node "${local.codec}"; give all nodes of a cluster the same codec, and state machines of the same commandFormat`,
    );
  }
  // Not the smaller of the two: a leader would accept an entry that never gets to a peer.
  if (other.maxFrameBytes !== local.maxFrameBytes) {
    return new PeerRejected(
      "WRONG_FRAME_LIMIT",
      `peer ${other.id} takes frames of up to ${other.maxFrameBytes} bytes, this node of up to ${local.maxFrameBytes}; give all nodes of a cluster the same maxFrameBytes`,
    );
  }
  return undefined;
}

/**
 * Whether `fetch` can be asked for it: an http or https URL without a user name, a password or a
 * fragment.
 */
export function isHttpAddress(address: string): boolean {
  if (!isValidAddress(address) || !URL.canParse(address)) return false;
  const { protocol, username, password, hash } = new URL(address);
  return (
    (protocol === "http:" || protocol === "https:") &&
    username === "" &&
    password === "" &&
    hash === ""
  );
}

function wholeNumber(text: string | undefined): number | undefined {
  const value =
    text !== undefined && /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

function malformed(text: string | null): PeerRejected {
  const what =
    text === null
      ? `lacks the header "${HELLO_HEADER}"`
      : `has a "${HELLO_HEADER}" header that can't be read`;
  return new PeerRejected(
    "BAD_REQUEST",
    `a request ${what}; only nodes of a raftkit cluster may call here`,
  );
}
