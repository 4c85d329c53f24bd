// Who is kept out, and that remembering it is bounded.
import { expect, test } from "vitest";
import { Gate } from "../src/gate.js";
import { readOptions } from "../src/options.js";
import { local } from "./help.js";

const sender = (id: string, run: number) => ({ id, incarnation: local(id).incarnation, run });

test("earlier runs stay out; of 1,024 senders at most", () => {
  const gate = new Gate(readOptions({}));
  for (let i = 0; i < 1500; i++) gate.admit(sender(`n${i}`, 5));
  const refused = Array.from({ length: 1500 }, (_, i) => gate.judge(sender(`n${i}`, 4))?.code);
  expect(refused.lastIndexOf(undefined)).toBe(1500 - 1024 - 1);
  expect(refused.filter((code) => code === "OLD_RUN")).toHaveLength(1024);
});

test("another data directory of the same name has runs of its own", () => {
  const gate = new Gate(readOptions({}));
  gate.admit(sender("a", 5));
  expect(gate.judge({ ...sender("a", 1), incarnation: "another-0123456789" })).toBeUndefined();
  expect(gate.judge(sender("a", 6))).toBeUndefined();
});
