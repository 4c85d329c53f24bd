// Who is kept out, and that remembering it is bounded.
import { expect, test } from "vitest";
import { Gate } from "../src/gate.js";
import { readOptions } from "../src/options.js";
import { local } from "./help.js";

const sender = (id: string, run: number) => ({ id, incarnation: local(id).incarnation, run });

test("earlier runs stay out; of 1,024 senders at most", () => {
  const gate = new Gate(readOptions({}), () => false);
  for (let i = 0; i < 1500; i++) gate.admit(sender(`n${i}`, 5));
  const refused = Array.from({ length: 1500 }, (_, i) => gate.judge(sender(`n${i}`, 4))?.code);
  expect(refused.lastIndexOf(undefined)).toBe(1500 - 1024 - 1);
  expect(refused.filter((code) => code === "OLD_RUN")).toHaveLength(1024);
});

test("another data directory of the same name has runs of its own", () => {
  const gate = new Gate(readOptions({}), () => false);
  gate.admit(sender("a", 5));
  expect(gate.judge({ ...sender("a", 1), incarnation: "another-0123456789" })).toBeUndefined();
  expect(gate.judge(sender("a", 6))).toBeUndefined();
});

test("strangers don't push a member out of memory, and namesakes of a member don't fill it", () => {
  const member = sender("a", 5);
  const gate = new Gate(readOptions({}), ({ id }) => id === "a");
  gate.admit(member);
  for (let i = 0; i < 1500; i++) gate.admit(sender(`n${i}`, 5));
  expect(gate.judge({ ...member, run: 4 })?.code).toBe("OLD_RUN");
  const namesake = (i: number) => ({ ...member, incarnation: `namesake-0123456789-${i}` });
  for (let i = 0; i < 1500; i++) gate.admit(namesake(i));
  const refused = Array.from({ length: 1500 }, (_, i) => gate.judge({ ...namesake(i), run: 4 }));
  expect(refused.filter((refusal) => refusal !== undefined)).toHaveLength(1024);
});

test("a namesake of another directory changes nothing for a data directory", () => {
  const gate = new Gate(readOptions({ random: () => 1 }), () => true);
  const [real, namesake] = [
    sender("a", 5),
    { ...sender("a", 9), incarnation: "another-0123456789" },
  ];
  gate.admit(real);
  gate.admit(namesake);
  expect(gate.judge(sender("a", 4))?.code).toBe("OLD_RUN");
  gate.punish(namesake, undefined);
  expect(gate.judge(namesake)?.code).toBe("BACKING_OFF");
  expect(gate.judge(real)).toBeUndefined();
});
