// Rejections that nobody handles, which end a process unless somebody listens.

/** What `run` leaves unhandled. The test runner doesn't hear of it. */
export async function unhandledIn(run: () => unknown): Promise<readonly unknown[]> {
  const event = "unhandledRejection";
  const others = process.listeners(event);
  const unhandled: unknown[] = [];
  process.removeAllListeners(event);
  process.on(event, (reason) => unhandled.push(reason));
  try {
    await run();
    // Node tells of them once the microtasks are done.
    await new Promise<void>((resume) => void setImmediate(resume));
  } finally {
    process.removeAllListeners(event);
    for (const listener of others) process.on(event, listener);
  }
  return unhandled;
}
