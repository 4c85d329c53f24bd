// Loaded into a server process: each write of a file and each sync begins later, by as much as the
// cluster's process says, as if the disk were slow. The server knows nothing of it.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type { ServerFault } from "./server-fault.js";

/** What keeps something, and isn't done synchronously: a server's log lines aren't delayed. */
const CALLS = ["write", "writev", "fdatasync", "fsync"] as const;

export function obeySlowDisk(): void {
  let delayMs = 0;
  const waiting = new Set<() => void>();
  const later = (begin: () => void): void => {
    const go = (): void => {
      clearTimeout(timer);
      waiting.delete(go);
      begin();
    };
    const timer = setTimeout(go, delayMs);
    waiting.add(go);
  };
  let isReplaced = false;
  const replaceCalls = (): void => {
    isReplaced = true;
    for (const name of CALLS) {
      const call: (...args: never[]) => void = fs[name];
      const delayed = (...args: readonly unknown[]): void => {
        const begin = (): void => void Reflect.apply(call, fs, args);
        if (delayMs > 0) later(begin);
        else begin();
      };
      Object.defineProperty(fs, name, { value: delayed, configurable: true, writable: true });
    }
    syncBuiltinESMExports();
  };
  process.on("message", (message: ServerFault) => {
    if (message.type !== "slow") return;
    ({ delayMs } = message);
    // A server whose disk nobody slows keeps Node's own calls.
    if (delayMs > 0 && !isReplaced) replaceCalls();
    for (const go of waiting) go();
  });
}
