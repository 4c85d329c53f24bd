// The last step before an answer is sent: whether the connection is kept, what becomes of a body
// that is still coming, and the bound on answers that their clients don't take.
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { HttpLimits } from "./limits.js";
import { discardRest } from "./linger.js";

/**
 * The largest answer to a request whose body is still coming that lets it come: all that refuse one
 * are smaller. Larger ones count as unsent, and end the connection.
 */
const LINGER_ANSWER_BYTES = 4096;
/** Larger answers go in pieces, so that it can be seen who takes some. */
const PIECE_BYTES = 64 * 1024;

/** What Fastify hands to an `onSend` hook here: streams of events don't go through it. */
export type Payload = string | Buffer | null | undefined;
type Done = (error: null, payload: Payload | Readable) => void;

export interface AnswerContext {
  readonly limits: HttpLimits;
  readonly isDraining: () => boolean;
}

/** An `onSend` hook, without `async`: the answer was handed over when `done` returns. */
export function sendAnswer(
  { limits, isDraining }: AnswerContext,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: Payload,
  done: Done,
): void {
  const { call, raw } = request;
  const body = request.method === "HEAD" ? undefined : (payload ?? undefined);
  const bytes = body === undefined ? 0 : Buffer.byteLength(body);
  const isRestComing = !raw.complete;
  const mayLinger = body !== undefined && bytes <= LINGER_ANSWER_BYTES && call.isBodyComing;
  const lingers = isRestComing && mayLinger && reply.getHeader("connection") !== "close";
  if (isDraining() || (isRestComing && !lingers)) reply.header("connection", "close");
  if (lingers) {
    reply.header("content-length", bytes);
    done(null, Readable.from(thenRest(body, request, limits)));
  } else {
    const isLarge = bytes > PIECE_BYTES;
    if (isLarge) reply.header("content-length", bytes);
    done(null, isLarge && body !== undefined ? Readable.from(pieces(body)) : payload);
    // A large one isn't handed over in one go, however much of its first piece was taken.
    const { raw: response } = reply;
    if (!response.writableEnded || response.writableLength > 0) {
      call.holdUnsent(bytes);
    }
  }
  call.answered();
}

function* pieces(payload: string | Buffer): Generator<Buffer> {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield bytes.subarray(at, at + PIECE_BYTES);
  }
}

/** All of the answer now; its end, which may close the connection, when the body has come. */
async function* thenRest(
  payload: string | Buffer,
  { call, raw }: FastifyRequest,
  limits: HttpLimits,
): AsyncGenerator<string | Buffer> {
  const rest = new Promise<boolean>((resolve) => discardRest(raw, limits, resolve));
  yield payload;
  if (!(await rest)) call.connection.socket.destroySoon();
}
