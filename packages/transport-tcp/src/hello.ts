// How nodes introduce themselves over TCP: what they say on every transport, in JSON, with what TCP
// adds. The form of a hello stays readable to every later version; only what follows it depends on
// the negotiated version.
import { mismatch, readHello } from "@raftkit/core";
import type { Hello } from "@raftkit/core";
import { isRejectionCode } from "./errors.js";
import type { Refusal } from "./errors.js";

/** The versions of the protocol that this code speaks. 1 knew no pieces. */
export const VERSIONS = { min: 2, max: 2 } as const;
/** The largest hello or reject frame, in bytes. */
export const HELLO_MAX_BYTES = 4096;

export interface TcpHello extends Hello {
  readonly versions: { readonly min: number; readonly max: number };
  /** This node cuts a connection after so long without a sign of life. */
  readonly idleTimeoutMs: number;
}

export function encodeJson(value: TcpHello | Refusal): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** @returns undefined when the bytes are not a hello */
export function decodeHello(bytes: Uint8Array): TcpHello | undefined {
  const value = parseRecord(bytes);
  // Version 1 didn't say its frame limit; it is turned away for its version.
  const hello = value && readHello({ maxFrameBytes: 1, ...value });
  if (value === undefined || hello === undefined) return undefined;
  const { versions, idleTimeoutMs } = value;
  if (!isCount(idleTimeoutMs) || !isRecord(versions)) return undefined;
  const { min, max } = versions;
  if (!isCount(min) || !isCount(max) || min > max) return undefined;
  return { ...hello, versions: { min, max }, idleTimeoutMs };
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

/** Whether this node talks to that one. @returns why not, or undefined */
export function judgeHello(ours: TcpHello, theirs: TcpHello): Refusal | undefined {
  const { id, versions } = theirs;
  if (versions.min > VERSIONS.max || versions.max < VERSIONS.min) {
    return {
      code: "VERSION_MISMATCH",
      message: `${id} speaks protocol versions ${versions.min} to ${versions.max}, ${ours.id} versions ${VERSIONS.min} to ${VERSIONS.max}; upgrade the older of the two`,
    };
  }
  return mismatch(ours, theirs);
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
