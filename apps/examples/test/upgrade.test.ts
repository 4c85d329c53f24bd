// A log and a snapshot that version 1 of the account has left still mean the same.
import type { Command, Result } from "../src/upgrade/account.ts";
import { expect, test } from "vitest";
import { createAccount } from "../src/upgrade/account.ts";

/** Written down when version 1 was released, and never changed since. */
const recorded: readonly (readonly [Command, Result])[] = [
  [
    { type: "deposit", amount: 50 },
    { done: true, balance: 50 },
  ],
  [
    { type: "withdraw", amount: 120 },
    { done: true, balance: -70 },
  ],
  [
    { type: "withdraw", amount: 40 },
    { done: false, balance: -70 },
  ],
];

test("a log of version 1 gives the results that it gave", () => {
  const account = createAccount();
  const results = recorded.map(([command], i) =>
    account.apply(command, { index: i + 1, term: 1, elapsedMs: 0 }),
  );
  expect(results).toEqual(recorded.map(([, result]) => result));
});

test("a snapshot of version 1 can be restored", async () => {
  const account = createAccount();
  const source = (async function* () {
    yield new TextEncoder().encode('{"balance":-70}');
  })();
  await account.restore?.(source, { index: 3, term: 1 });
  expect(account.query("balance")).toBe(-70);
});
