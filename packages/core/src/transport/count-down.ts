// A time limit that a busy or a paused machine doesn't use up.
import type { Clock } from "../ports/clock.js";

const PERIODS = 40;

/**
 * Runs `expire` after so many milliseconds in which this process ran. Counts periods instead of
 * reading a clock: however long the process stood still, one period has passed, and what came in
 * meanwhile is read before the next.
 * @returns cancels it
 */
export function countDown(
  clock: Pick<Clock, "now" | "schedule">,
  delayMs: number,
  expire: () => void,
): () => void {
  const periods = Math.min(PERIODS, Math.ceil(delayMs));
  let left = periods;
  let cancelTimer = (): void => undefined;
  const count = (): void => {
    left -= 1;
    cancelTimer =
      left >= 0
        ? clock.schedule(clock.now() + delayMs / periods, count)
        : clock.schedule(clock.now(), expire);
  };
  count();
  return () => cancelTimer();
}
