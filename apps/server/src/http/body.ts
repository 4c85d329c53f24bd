// Reads a request's body up to a bound, and refuses a larger one as early as it can be known: by
// its announced length before anything is read (also before "100 Continue"), otherwise with the
// first byte too many.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BodyBudget } from "./budget.js";
import { HttpError, overloaded } from "./errors.js";

/**
 * How long, and how much of, a refused body is read on and thrown away, so that its sender gets to
 * see the answer.
 */
const LINGER_MS = 1000;
const LINGER_BYTES = 4 * 1024 * 1024;

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, "too_large", `the value is larger than ${maxBytes} bytes`);
}

/**
 * Room for the body is held in the budget until the response is done with.
 * @throws {HttpError} 413, 503 when the budget has no room; an error of the stream when the client
 * went away.
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
  budget: BodyBudget,
): Promise<Buffer> {
  const announced = request.headers["content-length"];
  if (announced !== undefined && Number(announced) > maxBytes) {
    return Promise.reject(tooLarge(maxBytes));
  }
  const giveBack = budget.reserve(announced === undefined ? maxBytes : Number(announced));
  if (giveBack === undefined) {
    return Promise.reject(overloaded("too many bytes of other requests are under way"));
  }
  response.once("close", giveBack);
  if (request.headers.expect !== undefined) response.writeContinue();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      request.off("data", onData);
      chunks.length = 0;
      reject(tooLarge(maxBytes));
    };
    request.on("data", onData);
    request.once("end", () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.once("error", reject);
    request.once("close", () =>
      reject(new HttpError(400, "incomplete_body", "the body ended before its announced length")),
    );
  });
}

/**
 * For a request that is about to be answered before its body has come: what is left is read and
 * thrown away within bounds, then cut.
 */
export function discardRest(request: IncomingMessage): void {
  const { socket } = request;
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LINGER_BYTES) socket.destroy();
  });
  request.on("error", () => undefined);
  request.once("close", () => clearTimeout(cut));
  // Node throws away, unbounded and uncounted, what nobody has begun to read when the answer is
  // out.
  request.read(0);
}
