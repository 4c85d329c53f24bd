// For tests that something is not kept: collects garbage, so that a WeakRef tells.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const COLLECTIONS_MAX = 50;

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc === "function") gc();
}

/**
 * How many of these are kept. One collection doesn't always tell: on a busy machine an object was
 * still there that nothing keeps.
 * @param expected so many may be: it is enough when no more are left
 */
export async function countKept(
  refs: readonly WeakRef<object>[],
  expected: number = 0,
): Promise<number> {
  for (let collections = 1; ; collections++) {
    // A WeakRef keeps its target until the end of the turn.
    await new Promise<void>((resume) => void setImmediate(resume));
    collectGarbage();
    const kept = refs.filter((ref) => ref.deref()).length;
    if (kept <= expected || collections === COLLECTIONS_MAX) return kept;
  }
}
