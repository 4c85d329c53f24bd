// For a request that is answered before its body has come: what is left is read and thrown away,
// within bounds. Closing at once would reset the connection, and a client that sends everything
// before it reads would get a broken pipe instead of its answer.
import type { IncomingMessage } from "node:http";
import type { HttpLimits } from "./limits.js";

type Limits = Pick<HttpLimits, "lingerBytes" | "lingerMs" | "lingerIdleMs">;

/** @param done told once whether the rest came to its end */
export function discardRest(
  request: IncomingMessage,
  { lingerBytes, lingerMs, lingerIdleMs }: Limits,
  done: (complete: boolean) => void,
): void {
  const finish = (complete: boolean): void => {
    clearTimeout(cut);
    clearTimeout(idle);
    request.off("data", onData).off("end", onEnd).off("close", onClose);
    // Whatever else comes is thrown away, until the connection is closed.
    request.resume();
    done(complete);
  };
  let bytes = 0;
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    idle.refresh();
    if (bytes > lingerBytes) finish(false);
  };
  const onEnd = (): void => finish(true);
  const onClose = (): void => finish(false);
  const cut = setTimeout(() => finish(false), lingerMs);
  const idle = setTimeout(() => finish(false), lingerIdleMs);
  request.on("error", () => undefined);
  request.on("data", onData).on("end", onEnd).on("close", onClose);
}
