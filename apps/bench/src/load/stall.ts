// A load that gets no answer that counts for too long is given up, instead of trying for ever.

const STALL_MS = 60_000;
const LOOK_MS = 1000;

export interface Stall {
  /** Some of the load was done. */
  progress(): void;
  /** Rejects when there was no progress for too long. */
  readonly noticed: Promise<never>;
  stop(): void;
}

export function watchForStall(): Stall {
  let lastAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const noticed = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (performance.now() - lastAt <= STALL_MS) return;
      clearInterval(timer);
      reject(
        new Error(
          `no write was acknowledged for ${STALL_MS / 1000} s; the servers' output is above`,
        ),
      );
    }, LOOK_MS);
  });
  // Nobody may be waiting any more.
  noticed.catch(() => {});
  return {
    progress: () => void (lastAt = performance.now()),
    noticed,
    stop: () => clearInterval(timer),
  };
}
