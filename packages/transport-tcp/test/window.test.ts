// How many pieces are under way: many on a fast link, few on a slow one.
import { expect, test } from "vitest";
import { PieceWindow } from "../src/window.js";

/** A link that carries one piece in `pieceMs` and takes `delayMs` there and back. */
function trial(
  link: { readonly pieceMs: number; readonly delayMs: number },
  pieces: number,
): number {
  let now = 0;
  const clock = { now: () => now, schedule: () => () => undefined, defer: () => undefined };
  const window = new PieceWindow(clock);
  const arrivals: number[] = [];
  let freeAt = 0;
  let most = 0;
  for (let taken = 0; taken < pieces; taken++) {
    while (window.room > 0) {
      window.sent();
      freeAt = Math.max(freeAt, now) + link.pieceMs;
      arrivals.push(freeAt + link.delayMs);
    }
    if (taken >= pieces / 2) most = Math.max(most, arrivals.length);
    now = arrivals.shift() ?? now;
    expect(window.taken(1)).toBe(true);
  }
  return most;
}

test.each([
  ["20 Mbit/s", { pieceMs: 13, delayMs: 1 }, 4, 4],
  ["100 Mbit/s", { pieceMs: 2.6, delayMs: 0.5 }, 16, 16],
  ["2 Mbit/s", { pieceMs: 131, delayMs: 1 }, 2, 2],
  ["2 Mbit/s and far away", { pieceMs: 131, delayMs: 200 }, 2, 4],
  ["1 Gbit/s", { pieceMs: 0.26, delayMs: 0.2 }, 128, 128],
  ["1 Gbit/s and far away", { pieceMs: 0.26, delayMs: 100 }, 128, 128],
])("%s", (_, link, least, most) => {
  const used = trial(link, 2000);
  expect(used).toBeGreaterThanOrEqual(least);
  expect(used).toBeLessThanOrEqual(most);
});

test("a window that is hardly used doesn't grow", () => {
  let now = 0;
  const window = new PieceWindow({
    now: () => now,
    schedule: () => () => undefined,
    defer: () => undefined,
  });
  for (let i = 0; i < 100; i++) {
    window.sent();
    now += 20;
    window.taken(1);
  }
  expect(window.room).toBe(4);
});

test("more than is under way can't be taken", () => {
  const window = new PieceWindow({
    now: () => 0,
    schedule: () => () => undefined,
    defer: () => undefined,
  });
  window.sent();
  expect([window.taken(0), window.taken(2), window.taken(1), window.taken(1)]).toEqual([
    false,
    false,
    true,
    false,
  ]);
});

test("pieces taken together change the window once: a pause of the other side doesn't close it", () => {
  let now = 0;
  const window = new PieceWindow({
    now: () => now,
    schedule: () => () => undefined,
    defer: () => undefined,
  });
  const fill = (): number => {
    let sent = 0;
    for (; window.room > 0; sent++) window.sent();
    return sent;
  };
  let size = fill();
  for (let i = 0; i < 2000; i++) {
    window.taken(1);
    size += fill() - 1;
  }
  expect(size).toBe(128);
  now += 1000;
  window.taken(128);
  expect(window.room).toBe(64);
});
