// Watches that bodies arrive at a minimum rate: one that drips holds its room in memory, and a
// place among the connections, for nothing.
import type { HttpLimits } from "./limits.js";

export interface PacedBody {
  received(bytes: number): void;
  /** Stops watching. */
  stop(): void;
}

export interface BodyPace {
  /** `onSlow` is called once, when the body has become too slow. */
  watch(onSlow: () => void): PacedBody;
}

interface Watched {
  readonly startedMs: number;
  readonly onSlow: () => void;
  bytes: number;
  /** It was too slow when last looked at. A busy process mustn't blame the client for itself. */
  suspect: boolean;
}

export function createBodyPace({
  minBodyBytesPerSecond,
  bodyGraceMs,
}: Pick<HttpLimits, "minBodyBytesPerSecond" | "bodyGraceMs">): BodyPace {
  const watched = new Set<Watched>();
  let timer: NodeJS.Timeout | undefined;
  const stop = (body: Watched): void => {
    watched.delete(body);
    if (watched.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const look = (): void => {
    const now = performance.now();
    for (const body of watched) {
      const seconds = (now - body.startedMs - bodyGraceMs) / 1000;
      const slow = seconds > 0 && body.bytes < seconds * minBodyBytesPerSecond;
      if (slow && body.suspect) {
        stop(body);
        body.onSlow();
      }
      body.suspect = slow;
    }
  };
  return {
    watch(onSlow) {
      const body: Watched = { startedMs: performance.now(), onSlow, bytes: 0, suspect: false };
      watched.add(body);
      timer ??= setInterval(look, Math.ceil(bodyGraceMs / 4)).unref();
      return {
        received: (bytes) => void (body.bytes += bytes),
        stop: () => stop(body),
      };
    },
  };
}
