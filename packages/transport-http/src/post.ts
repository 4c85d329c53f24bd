// One request to a peer or a seed, and what its answer means: 204 from the right node is delivery, everything
// else is loss. Frames never come back in answers: they await the disk anyway, and one path per
// direction keeps one order.
import type { Hello, NodeId, Sender } from "@raftkit/core";
import { isSameRun } from "@raftkit/core";
import { HELLO_HEADER, checkHello, formatHello, isHttpAddress, parseHello } from "./hello.js";
import { PeerRejected, isPeerRejectedCode } from "./errors.js";
import { type PeerRecord, addressOf } from "./peers.js";
import { readBody } from "./read-body.js";
import { type Session, isCut } from "./session.js";

const MAX_ERROR_BYTES = 4096;

/** Sends a body to a peer; rejects as `exchange` does. */
export async function post(
  session: Session,
  peer: PeerRecord,
  body: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<void> {
  const address = addressOf(peer);
  if (address === undefined) throw new Error(`no address of ${peer.id} is known`);
  await exchange(session, peer.id, address, body, signal, (hello) =>
    peer.senders.answered(hello, address),
  );
}

/** Asks who is at a seed; rejects as `exchange` does. @returns undefined when it is this node. */
export async function hail(
  session: Session,
  seed: string,
  signal: AbortSignal,
): Promise<Sender | undefined> {
  let found: Sender | undefined;
  await exchange(session, null, seed, new Uint8Array(0), signal, (hello) => {
    if (isSameRun(session.local, hello)) return undefined;
    if (isCut(session, hello)) throw new Error(`${hello.id} was cut off`);
    found = { id: hello.id, incarnation: hello.incarnation, run: hello.run };
    return session.peers.find(hello, seed);
  });
  return found;
}

/**
 * @param to the node that should be at the address; null: any
 * @param judge further reasons to refuse the node that answered, in addition to its hello's
 * @throws {PeerRejected} if one of the two nodes refused the other. Any other throw: the
 * other can't be reached now.
 */
async function exchange(
  session: Session,
  to: NodeId | null,
  address: string,
  body: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
  judge: (answerer: Hello) => PeerRejected | undefined,
): Promise<void> {
  const { settings, local } = session;
  if (!isHttpAddress(address)) {
    throw new PeerRejected(
      "BAD_ADDRESS",
      `the address of ${nameOf(to)} is "${address}"; give the http or https URL where its handler is mounted, such as http://127.0.0.1:7101/raft`,
    );
  }
  const headers = await ownHeaders(session);
  headers.set("content-type", "application/octet-stream");
  headers.set(HELLO_HEADER, formatHello({ ...local, to }));
  signal.throwIfAborted();
  let response: Response;
  try {
    const init = { method: "POST", headers, body, signal, redirect: "manual" } as const;
    response = await settings.fetch(address, init);
  } catch (cause) {
    throw isBadPort(cause) ? badPort(to, address, cause) : cause;
  }
  try {
    signal.throwIfAborted();
    await checkAnswer(session, to, address, response, signal, judge);
  } finally {
    if (response.body !== null && !response.bodyUsed) {
      void response.body.cancel().catch(() => undefined);
    }
  }
}

/**
 * `fetch` refuses ports that are reserved for other protocols (Fetch Standard, "port blocking"); only
 * Node's says so.
 */
function isBadPort(error: unknown): boolean {
  return (
    error instanceof Error && error.cause instanceof Error && error.cause.message === "bad port"
  );
}

function badPort(to: NodeId | null, address: string, cause: unknown): PeerRejected {
  return new PeerRejected(
    "BAD_ADDRESS",
    `the address of ${nameOf(to)} is "${address}"; fetch never connects to port ${new URL(address).port}, which is reserved for another protocol; give the node another port`,
    { cause },
  );
}

function nameOf(to: NodeId | null): string {
  return to === null ? "a seed" : `peer ${to}`;
}

async function ownHeaders({ settings }: Session): Promise<Headers> {
  try {
    return new Headers(await settings.headers());
  } catch (cause) {
    throw new PeerRejected(
      "UNAUTHORIZED",
      "the headers option gave no usable headers, so nothing was sent; see the cause",
      { cause },
    );
  }
}

async function checkAnswer(
  session: Session,
  to: NodeId | null,
  address: string,
  response: Response,
  signal: AbortSignal,
  judge: (answerer: Hello) => PeerRejected | undefined,
): Promise<void> {
  const { status } = response;
  const text = response.headers.get(HELLO_HEADER);
  if (text !== null) {
    const hello = parseHello(text);
    if (hello instanceof PeerRejected) {
      throw hello.code === "BAD_REQUEST" ? notRaftkit(to, address, status) : hello;
    }
    const isSelf = to === null && isSameRun(session.local, hello);
    const mismatch = isSelf ? undefined : checkHello({ ...session.local, to }, hello);
    const refusal = mismatch ?? judge(hello);
    if (refusal !== undefined) throw refusal;
    if (status === 204) return;
  }
  if (status >= 500 || status === 408) throw new Error(`${address} answered HTTP ${status}`);
  const error = await readError(response, signal);
  if (error !== undefined) {
    throw new PeerRejected(
      error.code,
      `${nameOf(to)} at ${address} refused this node: ${error.message}`,
    );
  }
  if (status === 401 || status === 403) {
    throw new PeerRejected(
      "UNAUTHORIZED",
      `${address} answered HTTP ${status}; check the credentials for ${nameOf(to)}`,
    );
  }
  throw notRaftkit(to, address, status);
}

function notRaftkit(to: NodeId | null, address: string, status: number): PeerRejected {
  return new PeerRejected(
    "NOT_RAFTKIT",
    `${address} answered HTTP ${status}, not as a raftkit node; check the address of ${to ?? "the seed"} and where its handler is mounted`,
  );
}

interface Refusal {
  readonly code: PeerRejected["code"];
  readonly message: string;
}

/** The reason that a node's handler gave. */
async function readError(response: Response, signal: AbortSignal): Promise<Refusal | undefined> {
  const bytes = await readBody(response.body, MAX_ERROR_BYTES, signal);
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value !== "object" || value === null || !("error" in value)) return undefined;
    const { error } = value;
    if (
      typeof error !== "object" ||
      error === null ||
      !("code" in error) ||
      !("message" in error)
    ) {
      return undefined;
    }
    const { code, message } = error;
    // It ends in a log: nothing unprintable gets there.
    return isPeerRejectedCode(code) && typeof message === "string"
      ? { code, message: message.replace(/[^ -~]/g, "?") }
      : undefined;
  } catch {
    return undefined;
  }
}
