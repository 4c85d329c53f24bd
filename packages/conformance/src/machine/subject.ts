// What the suite for state machines needs to know of one: how to make it, what to tell it and what
// to ask it.
import type { Random, StateMachine } from "@raftkit/core";

/** What a target for the suite for state machines creates. */
export interface MachineSubject<
  Command = unknown,
  Result = unknown,
  Query = unknown,
  Answer = unknown,
> {
  /** A fresh machine, in its first state. Called several times by one case. */
  machine():
    | StateMachine<Command, Result, Query, Answer>
    | Promise<StateMachine<Command, Result, Query, Answer>>;
  /**
   * Draws one of the commands that the machine knows, from `random` alone: fresh each time, on few
   * enough things that commands meet.
   */
  command(random: Random): Command;
  /** Their answers together show the whole state. */
  readonly queries: readonly Query[];
  /** With the capability `durable`: opens again what `machine` (which was closed) had kept. */
  reopen?(
    machine: StateMachine<Command, Result, Query, Answer>,
  ):
    | StateMachine<Command, Result, Query, Answer>
    | Promise<StateMachine<Command, Result, Query, Answer>>;
}
