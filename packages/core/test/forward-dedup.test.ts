// What a leader remembers of forwards: never a verdict twice, never one that may contradict an
// earlier one.
import { expect, test } from "vitest";
import { ForwardDedup } from "../src/state/forward-dedup.js";

const sender = { id: "n2", incarnation: "n2-data-directory-1", run: 3 };

test("what is below the window is forgotten, what is above it is new", () => {
  const window = new ForwardDedup();
  window.begin(7);
  for (let seq = 1; seq <= 4100; seq++) window.remember(sender, seq, { count: 1, firstIndex: seq });
  expect(window.find(sender, 4)).toBe("forgotten");
  expect(window.find(sender, 5)).toEqual({ count: 1, firstIndex: 5 });
  expect(window.find(sender, 4101)).toBeUndefined();
});

test("a late one that was overtaken by many counts as forgotten, not as new", () => {
  const window = new ForwardDedup();
  window.begin(7);
  for (let seq = 100; seq <= 4200; seq++) {
    window.remember(sender, seq, { count: 1, firstIndex: seq });
  }
  expect(window.find(sender, 50)).toBe("forgotten");
});

test("another run begins anew; an earlier one is never answered", () => {
  const window = new ForwardDedup();
  window.begin(7);
  window.remember(sender, 1, { count: 1, firstIndex: 9 });
  expect(window.find({ ...sender, run: 4 }, 1)).toBeUndefined();
  window.remember({ ...sender, run: 4 }, 1, { count: 1, refused: "overloaded" });
  expect(window.find(sender, 1)).toBe("forgotten");
  expect(window.find({ ...sender, run: 4 }, 1)).toEqual({ count: 1, refused: "overloaded" });
  expect(window.find({ ...sender, incarnation: "n2-data-directory-2" }, 1)).toBeUndefined();
});

test("a new leadership forgets everything; too many senders are not answered", () => {
  const window = new ForwardDedup();
  window.begin(7);
  for (let i = 0; i < 256; i++) {
    window.remember({ ...sender, id: `m${i}` }, 1, { count: 1, firstIndex: i + 1 });
  }
  expect(window.find({ ...sender, id: "m300" }, 1)).toBe("forgotten");
  window.begin(8);
  expect(window.term).toBe(8);
  expect(window.find({ ...sender, id: "m3" }, 1)).toBeUndefined();
});
