// One incoming request: nothing of it is trusted, and nothing changes, before all of it has been
// checked.
import { type Hello, isSameRun } from "@raftkit/core";
import { MAX_BODY_BYTES, readPieces } from "./pieces.js";
import { HELLO_HEADER, checkHello, formatHello, parseHello } from "./hello.js";
import { PeerRejected, STATUS_OF_CODE } from "./errors.js";
import { partnerOf } from "./peers.js";
import { readBody } from "./read-body.js";
import { type Session, isCut } from "./session.js";
import { checkRun } from "./senders.js";
import { startTask } from "./task.js";

/** Answers 204 when the frames were handed over; otherwise JSON `{ error: { code, message } }`. */
export async function answer(session: Session, request: Request): Promise<Response> {
  if (request.method !== "POST") {
    return refuse(405, "METHOD_NOT_ALLOWED", "nodes of a raftkit cluster POST here", {
      allow: "POST",
    });
  }
  const stranger = await authenticate(session, request);
  if (session.closed) return unavailable();
  if (stranger !== undefined) return turnAway(session, undefined, stranger);
  const caller = parseHello(request.headers.get(HELLO_HEADER));
  if (caller instanceof PeerRejected) return turnAway(session, undefined, caller);
  if (caller.to === null && isSameRun(session.local, caller)) return taken(session, caller);
  const refusal =
    checkHello(session.local, caller) ??
    checkRun(session.peers.get(caller.id)?.senders.get(caller.incarnation), caller) ??
    checkCut(session, caller);
  if (refusal !== undefined) return turnAway(session, caller, refusal);
  if (caller.to !== null) return takeBody(session, caller, request);
  // It asks who is here, and has no body: it needs no slot for reading one.
  const met = session.peers.meet(caller);
  if (met instanceof PeerRejected) return turnAway(session, caller, met);
  met.peer.outbox.wake();
  return taken(session, caller);
}

export function unavailable(): Response {
  return refuse(503, "UNAVAILABLE", "this node is not running", { "retry-after": "1" });
}

async function authenticate(
  { settings }: Session,
  request: Request,
): Promise<PeerRejected | undefined> {
  const message =
    "a request lacks valid credentials; check the headers option of the caller, and authenticate on this node";
  try {
    return (await settings.authenticate(request))
      ? undefined
      : new PeerRejected("UNAUTHORIZED", message);
  } catch (cause) {
    return new PeerRejected("UNAUTHORIZED", message, { cause });
  }
}

async function takeBody(session: Session, caller: Hello, request: Request): Promise<Response> {
  const tooLarge = new PeerRejected(
    "BODY_TOO_LARGE",
    `a request of peer ${caller.id} is larger than ${MAX_BODY_BYTES} bytes; run compatible releases of @raftkit/transport-http`,
  );
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) {
    return turnAway(session, caller, tooLarge);
  }
  if (request.bodyUsed) {
    throw new TypeError(
      "the request's body was read before raftkit's handler got it; mount the handler before any body parser",
    );
  }
  const { clock, requestTimeoutMs } = session.settings;
  const task = startTask(clock, requestTimeoutMs, (signal) =>
    readBody(request.body, MAX_BODY_BYTES, signal),
  );
  session.reading.enter(caller, task);
  let body: Uint8Array | undefined;
  try {
    body = await task.done;
  } catch {
    // Broken off, late, pushed out, or this node closes: nothing to report.
    return session.closed
      ? unavailable()
      : refuse(
          408,
          "REQUEST_TIMEOUT",
          "the body didn't arrive in time, or another one took its place",
        );
  } finally {
    session.reading.leave(task);
  }
  if (session.closed) return unavailable();
  if (body === undefined) return turnAway(session, caller, tooLarge);
  return deliver(session, caller, body);
}

/** Synchronous: bodies of one sender never mix. */
function deliver(session: Session, caller: Hello, body: Uint8Array): Response {
  const pieces = readPieces(body, session.settings.maxFrameBytes);
  if (pieces instanceof PeerRejected) return turnAway(session, caller, pieces);
  // Asked again: while the body came in, a later run may have spoken, or the node may have been cut
  // off.
  if (isCut(session, caller)) return unavailable();
  const met = session.peers.meet(caller);
  if (met instanceof PeerRejected) return turnAway(session, caller, met);
  met.peer.outbox.wake();
  const from = { id: caller.id, incarnation: caller.incarnation, run: caller.run };
  for (const piece of pieces) {
    const frame = met.run.reassembly.add(piece);
    if (frame !== undefined && !session.closed && !isCut(session, caller)) {
      session.handler.receive(from, frame);
    }
  }
  return taken(session, caller);
}

function taken(session: Session, caller: Hello): Response {
  return new Response(null, {
    status: 204,
    headers: { [HELLO_HEADER]: formatHello({ ...session.local, to: caller.id }) },
  });
}

function checkCut(session: Session, caller: Hello): PeerRejected | undefined {
  const peer = session.peers.get(caller.id);
  if (peer === undefined || !isCut(session, caller)) return undefined;
  const { id, incarnation, address } = caller;
  const partner = partnerOf(peer);
  if (partner !== undefined && partner.incarnation !== incarnation) {
    return new PeerRejected(
      "OTHER_DATA_DIRECTORY",
      `${id} at ${address} speaks from data directory "${incarnation}", but ${session.local.id} also hears ${id} from "${partner.incarnation}"; stop one of the two, or start ${id} with the data directory that it had`,
    );
  }
  return new PeerRejected(
    "CUT_OFF",
    `${session.local.id} refused what ${id} sent, and hears nothing of it for about a second; the log of ${session.local.id} says why`,
  );
}

function turnAway(session: Session, caller: Hello | undefined, error: PeerRejected): Response {
  // Why somebody was cut off is in this node's log already.
  if (error.code !== "CUT_OFF") session.reject(caller?.id, error);
  return refuse(
    STATUS_OF_CODE[error.code],
    error.code,
    error.message,
    caller === undefined
      ? {}
      : { [HELLO_HEADER]: formatHello({ ...session.local, to: caller.id }) },
  );
}

function refuse(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ error: { code, message } }, { status, headers });
}
