// How two nodes introduce themselves, and how one refuses the other. Incoming fields are checked
// one by one. The form of a hello stays readable to every later version; only what follows it
// depends on the negotiated version.
import {
  isValidAddress,
  isValidCommandEncoding,
  isValidId,
  isValidIncarnation,
} from "@raftkit/core";
import type { LocalNode, NodeId } from "@raftkit/core";
import { isRejectionCode } from "./errors.js";
import type { Refusal } from "./errors.js";

/** The versions of the protocol that this code speaks. 1 knew no pieces. */
export const VERSIONS = { min: 2, max: 2 } as const;
/** The largest hello or reject frame, in bytes. */
export const HELLO_MAX_BYTES = 4096;

export interface Hello extends LocalNode {
  readonly versions: { readonly min: number; readonly max: number };
  /** The largest frame that this node sends and takes: the same on both sides. */
  readonly maxFrameBytes: number;
  /** This node cuts a connection after so long without a sign of life. */
  readonly idleTimeoutMs: number;
  /** Whom the dialling side wants to reach; null for whoever is there (a seed), and in the answer. */
  readonly to: NodeId | null;
}

export function encodeJson(value: Hello | Refusal): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** @returns undefined when the bytes are not a hello */
export function decodeHello(bytes: Uint8Array): Hello | undefined {
  const value = parseRecord(bytes);
  if (value === undefined) return undefined;
  const {
    clusterId,
    id,
    incarnation,
    run,
    codec,
    address,
    versions,
    maxFrameBytes = 0, // version 1 didn't say it; it is turned away for its version
    idleTimeoutMs,
    to,
  } = value;
  if (
    typeof clusterId !== "string" ||
    !isValidId(clusterId) ||
    typeof id !== "string" ||
    !isValidId(id) ||
    typeof incarnation !== "string" ||
    !isValidIncarnation(incarnation) ||
    !isCount(run) ||
    typeof codec !== "string" ||
    !isValidCommandEncoding(codec) ||
    typeof address !== "string" ||
    !isValidAddress(address) ||
    !isCount(maxFrameBytes) ||
    !isCount(idleTimeoutMs) ||
    !(to === null || (typeof to === "string" && isValidId(to))) ||
    !isRecord(versions)
  ) {
    return undefined;
  }
  const { min, max } = versions;
  if (!isCount(min) || !isCount(max) || min > max) return undefined;
  return {
    clusterId,
    id,
    incarnation,
    run,
    codec,
    address,
    versions: { min, max },
    maxFrameBytes,
    idleTimeoutMs,
    to,
  };
}

/**
 * @returns undefined when the bytes are not a refusal. The text is cut and made printable: it ends
 * in logs.
 */
export function decodeRefusal(bytes: Uint8Array): Refusal | undefined {
  const value = parseRecord(bytes);
  if (
    value === undefined ||
    typeof value["message"] !== "string" ||
    !isRejectionCode(value["code"])
  ) {
    return undefined;
  }
  return {
    code: value["code"],
    message: value["message"].slice(0, 500).replaceAll(/[^ -~]/g, "?"),
  };
}

/**
 * Whether this node talks to that one.
 * @param maxFrameBytes what this node takes: a leader must not accept what another can never store
 * @param wanted whom this node dialled; undefined when it was dialled, or dialled a seed
 * @returns why not, or undefined
 */
export function judgeHello(
  local: LocalNode,
  maxFrameBytes: number,
  theirs: Hello,
  wanted: NodeId | undefined,
): Refusal | undefined {
  const { id, versions } = theirs;
  if (versions.min > VERSIONS.max || versions.max < VERSIONS.min) {
    return {
      code: "VERSION_MISMATCH",
      message: `${id} speaks protocol versions ${versions.min} to ${versions.max}, ${local.id} versions ${VERSIONS.min} to ${VERSIONS.max}; upgrade the older of the two`,
    };
  }
  if (theirs.clusterId !== local.clusterId) {
    return {
      code: "CLUSTER_MISMATCH",
      message: `${id} belongs to cluster "${theirs.clusterId}", ${local.id} to "${local.clusterId}"; give both the same cluster id`,
    };
  }
  if (theirs.codec !== local.codec) {
    return {
      code: "CODEC_MISMATCH",
      message: `${id} uses the codec "${theirs.codec}", ${local.id} uses "${local.codec}"; give both the same codec, and state machines of the same commandFormat`,
    };
  }
  if (theirs.maxFrameBytes !== maxFrameBytes) {
    return {
      code: "FRAME_LIMIT_MISMATCH",
      message: `${id} takes frames of up to ${theirs.maxFrameBytes} bytes, ${local.id} of up to ${maxFrameBytes}; give every node the same maxFrameBytes`,
    };
  }
  if (wanted !== undefined && id !== wanted) {
    return {
      code: "WRONG_PEER",
      message: `${local.id} looked for ${wanted} and found ${id}; check the addresses of ${wanted} and ${id}`,
    };
  }
  if (wanted === undefined && theirs.to !== null && theirs.to !== local.id) {
    return {
      code: "WRONG_PEER",
      message: `${id} looked for ${theirs.to} and found ${local.id}; check the addresses of ${theirs.to} and ${local.id}`,
    };
  }
  if (id === local.id) {
    return {
      code: "DUPLICATE_ID",
      message: `two nodes call themselves ${id}; give every node an id of its own`,
    };
  }
  return undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function parseRecord(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
