// Requests that the parser refused: no request object exists, so the answer is written by hand.
import type { Duplex } from "node:stream";
import type { HttpLimits } from "./limits.js";

/** @param owesAnswer to a request before: this answer would be taken for that one */
export function refuseUnparsed(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  owesAnswer: boolean,
  { maxHeaderBytes, lingerMs }: Pick<HttpLimits, "maxHeaderBytes" | "lingerMs">,
): void {
  if (error.code === "ECONNRESET" || !socket.writable || owesAnswer) {
    socket.destroy();
    return;
  }
  const [status, phrase, code, message] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? [
          431,
          "Request Header Fields Too Large",
          "headers_too_large",
          `request line and headers are larger than ${maxHeaderBytes} bytes`,
        ]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? [408, "Request Timeout", "request_timeout", "the request did not arrive in time"]
        : [400, "Bad Request", "bad_request", "this is not an HTTP/1.1 request"];
  const body = `${JSON.stringify({ error: { code, message } })}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
  setTimeout(() => socket.destroy(), lingerMs).unref();
}
