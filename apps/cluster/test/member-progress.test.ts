// The words for how far a change of the members is.
import { expect, test } from "vitest";
import { progressTeller } from "../src/supervisor/member-progress.js";
import type { Progress } from "../src/supervisor/member-progress.js";

test("each step is told once; how far one has caught up, once a second", () => {
  let now = 0;
  const said: string[] = [];
  const tell = progressTeller(
    (line) => void said.push(line),
    () => now,
  );
  const after = (ms: number, progress: Progress): void => {
    now += ms;
    tell(progress);
  };
  const behind = { step: "catchingUp", id: "n4", lastIndex: 900 } as const;
  after(0, { step: "waiting", ids: ["n4", "n5"] });
  after(5, { step: "waiting", ids: ["n4", "n5"] });
  after(5, { step: "learning", ids: ["n4"], index: 12 });
  const install = { writtenBytes: 2 ** 20, bytes: 3 * 2 ** 20 };
  after(5, { ...behind, matchIndex: 0, install });
  after(999, { ...behind, matchIndex: 400, install: null });
  after(1, { ...behind, matchIndex: 500, install: null });
  after(5, { step: "unreachable", ids: ["n5"] });
  after(5, { step: "joint", index: 14 });
  after(5, { step: "takenOut", ids: ["n5"] });
  after(5, { step: "done", index: 15 });
  expect(said).toEqual([
    "waiting for n4, n5, not known to the leader yet",
    "learning, without a vote yet: n4 (index 12)",
    "n4 is sent a snapshot: 1.0 of 3.0 MiB",
    "n4 catches up: 500 of 900",
    "waiting for an answer from n5: a majority of the new voters must be up",
    "the old and the new voters decide together (index 14)",
    "given up, and removed again: n5",
    "the change is committed (index 15)",
  ]);
});
