// A state machine in its second version. What the first version wrote into the log and into
// snapshots still means what it meant.
import type { StateMachine } from "raftkit";
import { readJsonSnapshot, writeJsonSnapshot } from "../json-snapshot.ts";

export type Command =
  | { readonly type: "deposit"; readonly amount: number }
  /** Version 1: overdraws by up to 100. No longer proposed, but logs hold it. */
  | { readonly type: "withdraw"; readonly v?: undefined; readonly amount: number }
  /** Version 2: never overdraws. */
  | { readonly type: "withdraw"; readonly v: 2; readonly amount: number };

export type Result = { readonly done: boolean; readonly balance: number };

/** Version 1 had no `format`, and didn't count what it refused. */
type Snapshot =
  | { readonly format?: undefined; readonly balance: number }
  | { readonly format: 2; readonly balance: number; readonly refused: number };

export function createAccount(): StateMachine<Command, Result, "balance" | "refused", number> {
  let [balance, refused] = [0, 0];
  return {
    commandFormat: "account-1",
    apply(command) {
      if (command.type === "deposit") return { done: true, balance: (balance += command.amount) };
      const lowest = command.v === 2 ? 0 : -100;
      const done = balance - command.amount >= lowest;
      if (done) balance -= command.amount;
      else refused++;
      return { done, balance };
    },
    query: (what) => (what === "balance" ? balance : refused),
    hash: () => `${balance}/${refused}`,
    snapshot: () => writeJsonSnapshot({ format: 2, balance, refused } satisfies Snapshot),
    async restore(source) {
      const snapshot = (await readJsonSnapshot(source)) as Snapshot;
      balance = snapshot.balance;
      refused = snapshot.format === 2 ? snapshot.refused : 0;
    },
  };
}
