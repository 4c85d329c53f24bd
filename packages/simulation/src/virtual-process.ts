// One run of a simulated program: its clock and its pending events. It can be stopped, stalled and
// given wrong times; the shared queue decides when its events run.
import type { Clock } from "@raftkit/core";
import type { EventOwner, EventQueue } from "./event-queue.js";
import { Phase } from "./event-queue.js";

/** More than what is lost when times are converted between clocks. */
const ROUNDING_MS = 1e-6;

/**
 * One run of one program: it can be stopped forever (a crash), be kept from running for a while (a
 * busy event loop), and be told wrong times.
 */
export interface VirtualProcess {
  readonly name: string;
  /** What the program under test gets. Once stopped it schedules nothing any more. */
  readonly clock: Clock;
  readonly stopped: boolean;
  /**
   * Delivers input (a frame, a finished write) at this time, or when the process runs again; never
   * once it stopped.
   */
  post(at: number, run: () => void): void;
  /**
   * Delivers input within an event of the world, as part of it; or posts it, if the process can't
   * run now.
   */
  handOver(run: () => void): void;
  /** Whether it is kept from running. */
  readonly stalled: boolean;
  /** Nothing of this process runs any more. */
  stop(): void;
  /**
   * Nothing of this process runs for so many milliseconds; then all that was due runs at once,
   * timers first.
   */
  stallFor(ms: number): void;
  /** From now on the clock that the program reads runs at this rate: 1 is right, 0 stands still. */
  setRate(rate: number): void;
  /** The clock that the program reads goes forward by so many milliseconds at once. */
  jump(ms: number): void;
  /**
   * Calls back in the midst of the next event of this process that has something to run: after so
   * many promise jobs, that is, between two awaits of the program. With 0, before the event.
   */
  interrupt(jobs: number, run: () => void): void;
  /** When its timers are due, soonest first. */
  timers(): readonly number[];
}

export interface RunningProcess extends VirtualProcess, EventOwner {
  readonly stopped: boolean;
  /** What is to happen in the midst of the event that runs next, once. */
  takeInterruption(): { readonly jobs: number; readonly run: () => void } | undefined;
}

/** @param runNow runs what the process is handed within an event of the world */
export function createProcess(
  name: string,
  queue: EventQueue<RunningProcess>,
  runNow: (process: RunningProcess, run: () => void) => void,
): RunningProcess {
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
    anchor = { global: queue.now, local };
    rate = nextRate;
    queue.retime(process, toGlobal);
  }
  const process: RunningProcess = {
    name,
    get stopped() {
      return stopped;
    },
    get stalledUntil() {
      return stalledUntil;
    },
    clock: {
      now: () => toLocal(queue.now),
      schedule: (at, run) =>
        stopped || at === Infinity
          ? nothing
          : queue.push(toGlobal(at), Phase.timer, process, run, at),
      defer: (run) => {
        if (!stopped) queue.push(queue.now, Phase.deferred, process, run);
      },
    },
    post(at, run) {
      if (!stopped) queue.push(at, Phase.input, process, run);
    },
    get stalled() {
      return stalledUntil > queue.now;
    },
    handOver(run) {
      if (stalledUntil > queue.now) process.post(queue.now, run);
      else runNow(process, run);
    },
    stop() {
      stopped = true;
    },
    stallFor(ms) {
      stalledUntil = Math.max(stalledUntil, queue.now + ms);
    },
    setRate: (next) => setClock(toLocal(queue.now), next),
    jump: (ms) => setClock(toLocal(queue.now) + ms, rate),
    interrupt(jobs, run) {
      interruption = { jobs, run };
    },
    takeInterruption() {
      const taken = interruption;
      interruption = undefined;
      return taken;
    },
    timers: () =>
      queue
        .timersOf(process)
        .filter(({ run }) => run !== undefined)
        .map(({ time }) => time)
        .toSorted((a, b) => a - b),
  };
  return process;
}
