// One request to a peer, and what its answer means: 204 from the right node is delivery, everything
// else is loss. Frames never come back in answers: they await the disk anyway, and one path per
// direction keeps one order.
import { HELLO_HEADER, checkAnswerer, formatHello, isHttpAddress, parseHello } from "./hello.js";
import { PeerRejected, isPeerRejectedCode } from "./errors.js";
import { type PeerRecord, addressOf } from "./peers.js";
import { readBody } from "./read-body.js";
import type { Session } from "./session.js";

const MAX_ERROR_BYTES = 4096;

/**
 * @throws {PeerRejected} when one of the two nodes turned the other away. Any other throw: the peer
 * can't be reached now.
 */
export async function post(
  session: Session,
  peer: PeerRecord,
  body: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<void> {
  const { settings, local } = session;
  const address = addressOf(peer);
  if (address === undefined) throw new Error(`no address of ${peer.id} is known`);
  if (!isHttpAddress(address)) {
    throw new PeerRejected(
      "BAD_ADDRESS",
      `the address of peer ${peer.id} is "${address}"; give the http or https URL where its handler is mounted, such as http://127.0.0.1:7101/raft`,
    );
  }
  const headers = await ownHeaders(session);
  headers.set("content-type", "application/octet-stream");
  headers.set(HELLO_HEADER, formatHello(local, peer.id));
  signal.throwIfAborted();
  const response = await settings.fetch(address, {
    method: "POST",
    headers,
    body,
    signal,
    redirect: "manual",
  });
  try {
    signal.throwIfAborted();
    await checkAnswer(session, peer, address, response, signal);
  } finally {
    if (response.body !== null && !response.bodyUsed) {
      void response.body.cancel().catch(() => undefined);
    }
  }
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
  peer: PeerRecord,
  address: string,
  response: Response,
  signal: AbortSignal,
): Promise<void> {
  const { status } = response;
  const text = response.headers.get(HELLO_HEADER);
  if (text !== null) {
    const hello = parseHello(text);
    if (hello instanceof PeerRejected) {
      throw hello.code === "BAD_REQUEST" ? notRaftkit(peer, address, status) : hello;
    }
    const refusal =
      checkAnswerer(session.local, hello, peer.id, address) ??
      peer.senders.answered(hello, address);
    if (refusal !== undefined) throw refusal;
    if (status === 204) return;
  }
  if (status >= 500 || status === 408) throw new Error(`${address} answered HTTP ${status}`);
  const error = await readError(response, signal);
  if (error !== undefined) {
    throw new PeerRejected(
      error.code,
      `peer ${peer.id} at ${address} refused this node: ${error.message}`,
    );
  }
  if (status === 401 || status === 403) {
    throw new PeerRejected(
      "UNAUTHORIZED",
      `${address} answered HTTP ${status}; check the credentials for peer ${peer.id}`,
    );
  }
  throw notRaftkit(peer, address, status);
}

function notRaftkit({ id }: PeerRecord, address: string, status: number): PeerRejected {
  return new PeerRejected(
    "NOT_RAFTKIT",
    `${address} answered HTTP ${status}, not as a raftkit node; check the address of ${id} and where its handler is mounted`,
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
