// What the suite for state machines needs to know of one: how to make it, what to tell it and what
// to ask it.
import type { Random, StateMachine } from "@raftkit/core";

/** What came before a command. */
export interface Drawn<Result = unknown> {
  /** How many commands were drawn before this one: 0 for the first. */
  readonly step: number;
  /** What a machine answered to each of them. */
  readonly results: readonly Result[];
}

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
   * Draws one of the commands that the machine knows, from `random` and what came before alone:
   * fresh each time, on few enough things that commands meet, and so that commands go on changing
   * the answers however many there are. The results are there for machines that hand out what later
   * commands name, such as ids.
   */
  command(random: Random, drawn: Drawn<Result>): Command;
  /** Their answers together show the whole state. */
  readonly queries: readonly Query[];
  /** With the capability `durable`: opens again what `machine` (which was closed) had kept. */
  reopen?(
    machine: StateMachine<Command, Result, Query, Answer>,
  ):
    | StateMachine<Command, Result, Query, Answer>
    | Promise<StateMachine<Command, Result, Query, Answer>>;
  /**
   * With the capability `versioned`: makes a snapshot of this machine into one that only another
   * version of its code could have written.
   */
  otherVersion?(snapshot: Uint8Array): Uint8Array;
}
