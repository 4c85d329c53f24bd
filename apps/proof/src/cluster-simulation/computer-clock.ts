// The clocks of one run on a computer. The monotonic one may run at a wrong rate, jump, or stand
// still; the wall clock runs at the same rate, is right again after it stood still, and can be set.
import type { Clock } from "@raftkit/core";
import { CLOCK_STOP_MS } from "@raftkit/core";
import type { VirtualProcess, VirtualTime } from "@raftkit/simulation";

export interface ComputerClock {
  readonly clock: Required<Clock>;
  readonly rate: number;
  /** 0: it stands still. */
  setRate(rate: number): void;
  /** The wall clock alone goes forward by so many milliseconds. */
  setWall(byMs: number): void;
}

/** @param onStop told when its program reads that the clock stood still, before it can act on it */
export function createComputerClock(
  time: VirtualTime,
  process: VirtualProcess,
  onStop: () => void,
): ComputerClock {
  const { clock } = process;
  let rate = 1;
  let stoppedAt = 0;
  let aheadMs = 0;
  let toldMs = 0;
  const aheadNow = (): number => aheadMs + (rate === 0 ? time.now() - stoppedAt : 0);
  return {
    clock: {
      ...clock,
      wallNow() {
        const ahead = aheadNow();
        if (Math.abs(ahead - toldMs) > CLOCK_STOP_MS) {
          toldMs = ahead;
          onStop();
        }
        return clock.now() + ahead;
      },
    },
    get rate() {
      return rate;
    },
    setRate(next) {
      aheadMs = aheadNow();
      stoppedAt = time.now();
      rate = next;
      if (!process.stopped) process.setRate(next);
    },
    setWall(byMs) {
      aheadMs += byMs;
    },
  };
}
