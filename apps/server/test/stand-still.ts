// A process that doesn't get to run for a while, as on a busy or a paused machine.

/**
 * Blocks this process for `ms`. Then, as after any pause, timers that are due ring before what came
 * in meanwhile is looked at: `arrived` is called only then.
 */
export function standStill(ms: number, arrived: () => void): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      const end = performance.now() + ms;
      while (performance.now() < end);
      setImmediate(() => {
        arrived();
        resolve();
      });
    });
  });
}
