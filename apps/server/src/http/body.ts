// Reads a request's body up to a bound, and refuses a larger one as early as it can be known: by
// its announced length before anything is read (also before "100 Continue"), otherwise with the
// first byte too many. One that comes too slowly is refused, too.
import type { IncomingMessage } from "node:http";
import { createBodyBudget } from "./body-budget.js";
import { HttpError, overloaded } from "./errors.js";
import type { HttpLimits } from "./limits.js";
import { createBodyPace } from "./pace.js";

export interface BodyReader {
  /**
   * A body that has come as a whole and is announced by its length, without waiting for anything.
   * Undefined: it is to be read.
   * @param onOver takes what is to be called when the request is over
   * @throws {HttpError} 413; 503 when there is no room
   */
  takeWhole(
    request: IncomingMessage,
    maxBytes: number,
    onOver: (release: () => void) => void,
  ): Buffer | undefined;
  /**
   * Room for the body is held until the request is over.
   * @param start the client is told to send, if it waits for that
   * @param onOver takes what is to be called when the request is over
   * @throws {HttpError} 413; 408 when it comes too slowly; 503 when there is no room; 400 when the
   * client went away
   */
  read(
    request: IncomingMessage,
    maxBytes: number,
    start: () => void,
    onOver: (release: () => void) => void,
  ): Promise<Buffer>;
}

export function createBodyReader(limits: HttpLimits): BodyReader {
  const budget = createBodyBudget(limits);
  const pace = createBodyPace(limits);
  const reserve = (bytes: number): (() => void) => {
    const giveBack = budget.reserve(bytes);
    if (giveBack === undefined) throw overloaded("other requests hold too many bytes");
    return giveBack;
  };
  return {
    takeWhole(request, maxBytes, onOver) {
      const bytes = Number(request.headers["content-length"]);
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      if (request.readableLength !== bytes || request.destroyed) return;
      onOver(reserve(bytes));
      const whole: unknown = request.read();
      // To its end, which is no bytes.
      request.resume();
      return whole instanceof Buffer ? whole : Buffer.alloc(0);
    },
    async read(request, maxBytes, start, onOver) {
      const announced = request.headers["content-length"];
      if (announced !== undefined && Number(announced) > maxBytes) throw tooLarge(maxBytes);
      // One of unknown length counts as small until it isn't.
      let room = announced === undefined ? Math.min(limits.smallBodyBytes, maxBytes) : maxBytes;
      let giveBack = reserve(announced === undefined ? room : Number(announced));
      onOver(() => giveBack());
      start();
      const chunks: Buffer[] = [];
      let bytes = 0;
      let refuse: (error: unknown) => void = () => undefined;
      const paced = pace.watch(() =>
        refuse(
          new HttpError(
            408,
            "request_timeout",
            `the body arrived slower than ${limits.minBodyBytesPerSecond} bytes a second`,
            { connection: "close" },
          ),
        ),
      );
      const onClose = (): void => refuse(incomplete());
      const onData = (chunk: Buffer): void => {
        bytes += chunk.length;
        paced.received(chunk.length);
        chunks.push(chunk);
        if (bytes > maxBytes) return refuse(tooLarge(maxBytes));
        if (bytes <= room) return;
        room = maxBytes;
        giveBack();
        try {
          giveBack = reserve(maxBytes);
        } catch (error) {
          refuse(error);
        }
      };
      try {
        await new Promise<void>((resolve, reject) => {
          refuse = reject;
          request.on("data", onData);
          request.once("end", () => {
            // Every request closes in the end: an error for each would cost a tenth of a write.
            request.off("close", onClose);
            resolve();
          });
          request.once("error", reject);
          request.once("close", onClose);
        });
      } finally {
        paced.stop();
        request.off("data", onData).off("close", onClose);
      }
      return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    },
  };
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, "too_large", `the body is larger than ${maxBytes} bytes`);
}

function incomplete(): HttpError {
  return new HttpError(400, "incomplete_body", "the body ended before its announced length");
}
