// What shows while something takes its time, on a terminal and elsewhere.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { showProgress } from "../progress.mjs";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function screen(isTTY: boolean) {
  const written: string[] = [];
  return {
    written,
    how: {
      stream: { isTTY, columns: 40, write: (text: string) => written.push(text) > 0 },
      now: () => Date.now(),
    },
  };
}

test("elsewhere: at once, then every ten seconds, how far it is", () => {
  const { written, how } = screen(false);
  const progress = showProgress("building", how);
  vi.advanceTimersByTime(9_999);
  expect(written).toEqual(["raftkit: building\n"]);
  progress.detail("3 of 7");
  vi.advanceTimersByTime(1);
  expect(written.slice(1)).toEqual(["raftkit: building, 10 s: 3 of 7\n"]);
  progress.end();
  vi.advanceTimersByTime(60_000);
  expect(written).toHaveLength(2);
});

test("on a terminal: one line, no wider than it, that goes at the end", () => {
  const { written, how } = screen(true);
  const progress = showProgress("building", how);
  vi.advanceTimersByTime(2_000);
  progress.detail("x".repeat(100));
  vi.advanceTimersByTime(200);
  expect(written[0]).toBe("\r\u001b[Kraftkit: building");
  expect(written).toContain("\r\u001b[Kraftkit: building, 2 s");
  const last = written.at(-1) ?? "";
  expect(last).not.toContain("\n");
  expect(last.replace("\r\u001b[K", "")).toHaveLength(39);
  progress.end();
  progress.end();
  expect(written.at(-1)).toBe("\r\u001b[K");
  expect(written.filter((text) => text === "\r\u001b[K")).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});
