// Simulated time: one queue of events for everybody, and a clock for each simulated process. Nothing here waits for real time.
//
// Events that are due at the same instant run in the order of an event loop: timers, then input, then what was deferred.
// After each event everything that it started in memory (promises) is finished before the next one runs.
import type { Clock } from "@raftkit/core";
import { createHeap } from "./heap.js";

/** One run of one program: it can be stopped for ever (a crash), be kept from running for a while (a busy event loop), and be told wrong times. */
export interface VirtualProcess {
  readonly name: string;
  /** What the program under test gets. Once stopped it schedules nothing any more. */
  readonly clock: Clock;
  readonly stopped: boolean;
  /** Delivers input (a frame, a finished write) at this time, or when the process runs again; never once it stopped. */
  post(at: number, run: () => void): void;
  /** Delivers input within an event of the world, as part of it; or posts it, if the process can't run now. */
  handOver(run: () => void): void;
  /** Whether it is kept from running. */
  readonly stalled: boolean;
  /** Nothing of this process runs any more. */
  stop(): void;
  /** Nothing of this process runs for so many milliseconds; then all that was due runs at once, timers first. */
  stallFor(ms: number): void;
  /** From now on the clock that the program reads runs at this rate: 1 is right, 0 stands still. */
  setRate(rate: number): void;
  /** The clock that the program reads goes forward by so many milliseconds at once. */
  jump(ms: number): void;
  /**
   * Calls back in the midst of the next event of this process that has something to run: after so many promise jobs, that
   * is, between two awaits of the program. With 0, before the event.
   */
  interrupt(jobs: number, run: () => void): void;
  /** When its timers are due, soonest first. */
  timers(): readonly number[];
}

export interface VirtualTime {
  /** Milliseconds since the simulation began. */
  now(): number;
  process(name: string): VirtualProcess;
  /** An event of the simulated world itself: no stall and no crash holds it up. @returns cancels it */
  at(time: number, run: () => void): () => void;
  /** Runs the next event, if it is due by then, and all that follows from it in memory. @returns whether there was one */
  step(until: number): Promise<boolean>;
  /** Moves the clock on to this time, where no event is due before it. */
  advanceTo(time: number): void;
  /** Called after each event, with the process that ran it. */
  onStep(listener: (process: VirtualProcess | undefined) => void): void;
  /** Finishes what was started in memory since the last event. */
  flush(): Promise<void>;
}

const Phase = { timer: 0, input: 1, deferred: 2 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

const STEPS_PER_BREATH = 4096;
/** More than what is lost when times are converted between clocks. */
const ROUNDING_MS = 1e-6;

interface Event {
  time: number;
  sequence: number;
  readonly phase: Phase;
  /** For a timer: when it is due by the clock of its process. */
  readonly localTime: number;
  readonly process: RunningProcess | undefined;
  run: (() => void) | undefined;
}

interface RunningProcess extends VirtualProcess {
  readonly stalledUntil: number;
  /** What is to happen in the midst of the event that runs next, once. */
  takeInterruption(): { readonly jobs: number; readonly run: () => void } | undefined;
}

export function createVirtualTime(): VirtualTime {
  const queue = createHeap<Event>((a, b) =>
    a.time !== b.time ? a.time < b.time : a.phase !== b.phase ? a.phase < b.phase : a.sequence < b.sequence);
  const listeners: ((process: VirtualProcess | undefined) => void)[] = [];
  let now = 0;
  /** Whose event this is. */
  let current: RunningProcess | undefined;
  let sequence = 0;
  let steps = 0;

  function push(time: number, phase: Phase, process: RunningProcess | undefined, run: () => void, localTime = 0): () => void {
    const event: Event = { time: Math.max(time, now), sequence: sequence++, phase, localTime, process, run };
    queue.push(event);
    return () => { event.run = undefined; };
  }

  /** Takes out the next event that may run now; events of a stalled process go back, behind the end of the stall. */
  function take(until: number): Event | undefined {
    for (let event = queue.peek(); event !== undefined && event.time <= until; event = queue.peek()) {
      queue.pop();
      const { process } = event;
      if (event.run === undefined || process?.stopped === true) continue;
      if (process !== undefined && process.stalledUntil > event.time) {
        event.time = process.stalledUntil;
        event.sequence = sequence++;
        queue.push(event);
        continue;
      }
      return event;
    }
    return undefined;
  }

  function runIn(process: RunningProcess, run: () => void): void {
    const interruption = process.takeInterruption();
    if (interruption !== undefined) afterJobs(interruption.jobs, interruption.run);
    if (!process.stopped) run();
  }

  function createProcess(name: string): RunningProcess {
    let stopped = false;
    let stalledUntil = 0;
    let interruption: { readonly jobs: number; readonly run: () => void } | undefined;
    let rate = 1;
    /** The process read `local` when the time was `global`. */
    let anchor = { global: 0, local: 0 };
    const nothing = (): void => undefined;
    const toLocal = (time: number): number => anchor.local + (time - anchor.global) * rate;
    function toGlobal(local: number): number {
      if (rate === 0) return Infinity;
      const time = anchor.global + (local - anchor.local) / rate;
      return toLocal(time) < local ? time + ROUNDING_MS : time;
    }
    /** Timers are due by the clock of the process: they move with it. */
    function setClock(local: number, nextRate: number): void {
      anchor = { global: now, local };
      rate = nextRate;
      for (const event of queue.items) if (event.process === process && event.phase === Phase.timer) event.time = Math.max(now, toGlobal(event.localTime));
      queue.reorder();
    }
    const process: RunningProcess = {
      name,
      get stopped() { return stopped; },
      get stalledUntil() { return stalledUntil; },
      clock: {
        now: () => toLocal(now),
        schedule: (at, run) => stopped || at === Infinity ? nothing : push(toGlobal(at), Phase.timer, process, run, at),
        defer: (run) => { if (!stopped) push(now, Phase.deferred, process, run); },
      },
      post(at, run) { if (!stopped) push(at, Phase.input, process, run); },
      get stalled() { return stalledUntil > now; },
      handOver(run) {
        if (stalledUntil > now) process.post(now, run);
        else {
          current = process;
          runIn(process, run);
        }
      },
      stop() { stopped = true; },
      stallFor(ms) { stalledUntil = Math.max(stalledUntil, now + ms); },
      setRate: (next) => setClock(toLocal(now), next),
      jump: (ms) => setClock(toLocal(now) + ms, rate),
      interrupt(jobs, run) { interruption = { jobs, run }; },
      takeInterruption() {
        const taken = interruption;
        interruption = undefined;
        return taken;
      },
      timers: () => queue.items
        .filter((event) => event.process === process && event.phase === Phase.timer && event.run !== undefined)
        .map((event) => event.time).toSorted((a, b) => a - b),
    };
    return process;
  }

  return {
    now: () => now,
    process: createProcess,
    at: (time, run) => push(time, Phase.input, undefined, run),
    step(until) {
      const event = take(until);
      if (event === undefined) return Promise.resolve(false);
      now = event.time;
      const run = event.run;
      event.run = undefined;
      current = event.process;
      // One promise for each event: that a function which awaits makes three more costs as much as many an event.
      return new Promise((resolve, reject) => {
        if (run !== undefined && current !== undefined) runIn(current, run);
        else run?.();
        (++steps % STEPS_PER_BREATH === 0 ? whenBreathed : whenSettled)(() => {
          try {
            for (const listener of listeners) listener(current);
            resolve(true);
          } catch (error) {
            reject(error);
          }
        });
      });
    },
    advanceTo(time) { now = Math.max(now, time); },
    onStep: (listener) => { listeners.push(listener); },
    flush: () => new Promise(whenSettled),
  };
}

/**
 * All parts live in memory, so all that an event sets off are promise jobs. A tick asked for from within a promise job
 * runs when no job is left, and costs no turn of the real event loop.
 */
function whenSettled(run: () => void): void {
  void Promise.resolve().then(() => process.nextTick(run));
}

/** Promise jobs run in the order in which they were asked for: this one runs among those of the program. */
function afterJobs(jobs: number, run: () => void): void {
  if (jobs <= 0) run();
  else queueMicrotask(() => afterJobs(jobs - 1, run));
}

/** Lets the real event loop turn: timers, signals and pipes of the program that simulates. */
function whenBreathed(run: () => void): void {
  setImmediate(run);
}
