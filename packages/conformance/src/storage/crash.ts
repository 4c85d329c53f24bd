// Crashes between any two steps. A scripted life is lived once to count its steps, and then once
// for each of them, with the end at that step. Nothing here knows what a storage is: the life and
// the look at what is left are the caller's.
import { ensure } from "../expect.js";
import type { StepFault, StorageMedium } from "./medium.js";

/** More points than this are sampled evenly: a suite has a minute, not an hour. */
const CRASH_POINTS_MAX = 120;

export interface CrashPointOptions<Medium> {
  /** A fresh medium; `seed` decides what a power cut leaves. */
  readonly medium: (seed: number) => Promise<Medium>;
  /** Done before steps are counted: what must be there when the life begins. */
  readonly prepare?: ((medium: Medium) => Promise<void>) | undefined;
  /** The life. It rejects or never ends when its medium is gone. */
  readonly live: (medium: Medium, point: number) => Promise<void>;
  /** What ends it. */
  readonly crash: "kill" | "powerCut";
  /** The look at what is left. `step` is 1 for the first step. */
  readonly after: (medium: Medium, point: number) => Promise<void>;
}

export async function everyCrashPoint<Medium extends Required<StorageMedium<unknown>>>({
  medium: make,
  prepare,
  live,
  crash,
  after,
}: CrashPointOptions<Medium>): Promise<void> {
  const steps = await countSteps(await make(1), prepare, (medium) => live(medium, 0));
  const stride = Math.max(1, steps / CRASH_POINTS_MAX);
  for (let at = 1; at <= steps; at += stride) {
    const point = Math.floor(at);
    const medium = await make(point);
    await prepare?.(medium);
    await until(medium, () => live(medium, point), point, crash);
    medium[crash]();
    await after(medium, point);
  }
}

async function countSteps<Medium extends Required<StorageMedium<unknown>>>(
  medium: Medium,
  prepare: CrashPointOptions<Medium>["prepare"],
  live: (medium: Medium) => Promise<void>,
): Promise<number> {
  await prepare?.(medium);
  let steps = 0;
  medium.setFault(() => void steps++);
  await live(medium);
  medium.setFault(undefined);
  ensure(
    steps > 0,
    "the medium never asked what setFault() was given, so that nothing can be cut off; ask it before each step below the storage",
  );
  return steps;
}

/**
 * Runs the life until its end at a step. Even steps are cut before, odd ones after their effect.
 */
async function until(
  medium: Required<StorageMedium<unknown>>,
  live: () => Promise<void>,
  point: number,
  crash: "kill" | "powerCut",
): Promise<void> {
  let left = point;
  await new Promise<void>((resolve, reject) => {
    let isOver = false;
    medium.setFault((): StepFault | undefined => {
      if (isOver || --left > 0) return undefined;
      isOver = true;
      resolve();
      if (crash === "powerCut") {
        return { type: "powerCut", when: point % 2 === 0 ? "before" : "after" };
      }
      medium.kill();
      return undefined;
    });
    live().then(resolve, (error: unknown) => (isOver ? resolve() : reject(error)));
  });
  medium.setFault(undefined);
}
