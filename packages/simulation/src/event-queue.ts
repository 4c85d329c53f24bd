// The events of simulated time, and the current time. Events that are due at the same instant run
// in the order of an event loop: timers, then input, then what was deferred.
import { createHeap } from "./heap.js";

export const Phase = { timer: 0, input: 1, deferred: 2 } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

/** Whose events they are, as far as the queue must know. */
export interface EventOwner {
  readonly stopped: boolean;
  /** Its events wait until then. ms of simulated time */
  readonly stalledUntil: number;
}

export interface Event<Process extends EventOwner> {
  time: number;
  sequence: number;
  readonly phase: Phase;
  /** For a timer: when it is due by the clock of its process. */
  readonly localTime: number;
  readonly process: Process | undefined;
  run: (() => void) | undefined;
}

export interface EventQueue<Process extends EventOwner> {
  /** Milliseconds since the simulation began. */
  now: number;
  /**
   * @param localTime for a timer: when it is due by the clock of its process
   * @returns cancels it
   */
  push(
    time: number,
    phase: Phase,
    process: Process | undefined,
    run: () => void,
    localTime?: number,
  ): () => void;
  /**
   * Takes out the next event that may run now; events of a stalled process go back, behind the end
   * of the stall.
   */
  take(until: number): Event<Process> | undefined;
  timersOf(process: Process): readonly Event<Process>[];
  /** Timers of this process are due at other times now. */
  retime(process: Process, timeOf: (localTime: number) => number): void;
}

export function createEventQueue<Process extends EventOwner>(): EventQueue<Process> {
  const events = createHeap<Event<Process>>((a, b) =>
    a.time !== b.time
      ? a.time < b.time
      : a.phase !== b.phase
        ? a.phase < b.phase
        : a.sequence < b.sequence,
  );
  let sequence = 0;

  const queue: EventQueue<Process> = {
    now: 0,
    push(time, phase, process, run, localTime = 0) {
      const event: Event<Process> = {
        time: Math.max(time, queue.now),
        sequence: sequence++,
        phase,
        localTime,
        process,
        run,
      };
      events.push(event);
      return () => {
        event.run = undefined;
      };
    },
    take(until) {
      for (
        let event = events.peek();
        event !== undefined && event.time <= until;
        event = events.peek()
      ) {
        events.pop();
        const { process } = event;
        if (event.run === undefined || process?.stopped === true) continue;
        if (process !== undefined && process.stalledUntil > event.time) {
          event.time = process.stalledUntil;
          event.sequence = sequence++;
          events.push(event);
          continue;
        }
        return event;
      }
      return undefined;
    },
    timersOf: (process) =>
      events.items.filter((event) => event.process === process && event.phase === Phase.timer),
    retime(process, timeOf) {
      for (const event of events.items) {
        if (event.process === process && event.phase === Phase.timer) {
          event.time = Math.max(queue.now, timeOf(event.localTime));
        }
      }
      events.reorder();
    },
  };
  return queue;
}
