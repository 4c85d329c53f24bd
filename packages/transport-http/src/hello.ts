// How nodes introduce themselves over HTTP: one header, in every request and in every answer to a
// node that introduced itself well. `raftkit-hello: VERSION CLUSTER FROM INCARNATION RUN CODEC
// ADDRESS MAXFRAMEBYTES TO`, where TO is `*` for any node. None of the values can contain a space.
import type { Hello } from "@raftkit/core";
import { isValidAddress, mismatch, readHello } from "@raftkit/core";
import { PeerRejected } from "./errors.js";

export const HELLO_HEADER = "raftkit-hello";
/** Raised by every change of the header or of the body that an older node would misread. */
export const PROTOCOL_VERSION = 2;
/** In place of an id: a seed's isn't known before it answers. */
const ANYBODY = "*";

export function formatHello(hello: Hello): string {
  const { clusterId, id, incarnation, run, codec, address, maxFrameBytes, to } = hello;
  const words = [clusterId, id, incarnation, run, codec, address, maxFrameBytes, to ?? ANYBODY];
  return `${PROTOCOL_VERSION} ${words.join(" ")}`;
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
  const [, clusterId, id, incarnation, run, codec, address, maxFrameBytes, to] = values;
  const hello = readHello({
    clusterId,
    id,
    incarnation,
    run: wholeNumber(run),
    codec,
    address,
    maxFrameBytes: wholeNumber(maxFrameBytes),
    to: to === ANYBODY ? null : to,
  });
  return values.length === 9 && hello !== undefined && isHttpAddress(hello.address)
    ? hello
    : malformed(text);
}

/** What speaks against talking to a node. */
export function checkHello(ours: Hello, theirs: Hello): PeerRejected | undefined {
  const wrong = mismatch(ours, theirs);
  return wrong && new PeerRejected(wrong.code, wrong.message);
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
