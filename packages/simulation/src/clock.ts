// Simulated time: one queue of events for everybody, and a clock for each simulated process.
// Nothing here waits for real time. After each event everything that it started in memory
// (promises) is finished before the next one runs.
import type { Event } from "./event-queue.js";
import { createEventQueue, Phase } from "./event-queue.js";
import type { RunningProcess, VirtualProcess } from "./virtual-process.js";
import { createProcess } from "./virtual-process.js";

export interface VirtualTime {
  /** Milliseconds since the simulation began. */
  now(): number;
  process(name: string): VirtualProcess;
  /**
   * An event of the simulated world itself: no stall and no crash holds it up. @returns cancels it
   */
  at(time: number, run: () => void): () => void;
  /**
   * Runs the next event, if it is due by then, and all that follows from it in memory. @returns
   * whether there was one
   */
  step(until: number): Promise<boolean>;
  /**
   * Runs one event after another that is due by then, as `step` does.
   * @param goesOn asked before each of them
   * @returns whether that ended it; else no event was left
   */
  run(until: number, goesOn: () => boolean): Promise<boolean>;
  /** Moves the clock on to this time, where no event is due before it. */
  advanceTo(time: number): void;
  /** Called after each event, with the process that ran it. */
  onStep(listener: (process: VirtualProcess | undefined) => void): void;
  /** Finishes what was started in memory since the last event. */
  flush(): Promise<void>;
}

const STEPS_PER_BREATH = 4096;

const SETTLED = Promise.resolve();

export function createVirtualTime(): VirtualTime {
  const queue = createEventQueue<RunningProcess>();
  const listeners: ((process: VirtualProcess | undefined) => void)[] = [];
  /** Whose event this is. */
  let current: RunningProcess | undefined;
  let steps = 0;

  function runIn(process: RunningProcess, run: () => void): void {
    const interruption = process.takeInterruption();
    if (interruption !== undefined) afterJobs(interruption.jobs, interruption.run);
    if (!process.stopped) run();
  }

  function runNow(process: RunningProcess, run: () => void): void {
    current = process;
    runIn(process, run);
  }

  function happen(event: Event<RunningProcess>): void {
    queue.now = event.time;
    const { run } = event;
    event.run = undefined;
    current = event.process;
    if (run !== undefined && current !== undefined) runIn(current, run);
    else run?.();
  }

  /** One promise for all events: to await one for each costs as much as many an event. */
  function runAll(until: number, goesOn: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      function runNext(): void {
        try {
          const isOver = !goesOn();
          const event = isOver ? undefined : queue.take(until);
          if (event === undefined) {
            resolve(isOver);
            return;
          }
          happen(event);
          (++steps % STEPS_PER_BREATH === 0 ? whenBreathed : whenSettled)(onSettled);
        } catch (error) {
          reject(error);
        }
      }
      function onSettled(): void {
        try {
          for (const listener of listeners) listener(current);
        } catch (error) {
          reject(error);
          return;
        }
        // What listeners began goes on first, as far as it can at once.
        void SETTLED.then(runNext);
      }
      runNext();
    });
  }

  return {
    now: () => queue.now,
    process: (name) => createProcess(name, queue, runNow),
    at: (time, run) => queue.push(time, Phase.input, undefined, run),
    step(until) {
      let isFirst = true;
      return runAll(until, () => {
        const goesOn = isFirst;
        isFirst = false;
        return goesOn;
      });
    },
    run: runAll,
    advanceTo(time) {
      queue.now = Math.max(queue.now, time);
    },
    onStep: (listener) => {
      listeners.push(listener);
    },
    flush: () => new Promise(whenSettled),
  };
}

/**
 * All parts live in memory, so all that an event sets off are promise jobs. A tick asked for from
 * within a promise job runs when no job is left, and costs no turn of the real event loop.
 */
function whenSettled(run: () => void): void {
  void SETTLED.then(() => process.nextTick(run));
}

/**
 * Promise jobs run in the order in which they were asked for: this one runs among those of the
 * program.
 */
function afterJobs(jobs: number, run: () => void): void {
  if (jobs <= 0) run();
  else queueMicrotask(() => afterJobs(jobs - 1, run));
}

/** Lets the real event loop turn: timers, signals and pipes of the program that simulates. */
function whenBreathed(run: () => void): void {
  setImmediate(run);
}
