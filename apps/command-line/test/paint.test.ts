// Colours: only where somebody sees them, and wants them.
import { WriteStream } from "node:tty";
import { afterEach, expect, test, vi } from "vitest";
import { painterFor } from "@raftkit-app/command-line";

afterEach(() => void vi.unstubAllEnvs());

/** By standard output as if it were a terminal, or none. */
function painted(isTTY: boolean, environment: Readonly<Record<string, string>>): string {
  const names = ["NO_COLOR", "FORCE_COLOR", "NODE_DISABLE_COLORS", "COLORTERM", "TMUX", "CI"];
  for (const name of names) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries({ TERM: "xterm", ...environment })) {
    vi.stubEnv(name, value);
  }
  const stream = Object.create(WriteStream.prototype, {
    isTTY: { value: isTTY },
  }) as WriteStream;
  return painterFor(stream)("red", "FAILED");
}

test("colours are for terminals, and for them only without NO_COLOR", () => {
  const red = "\u001b[31mFAILED\u001b[39m";
  expect(painted(true, {})).toBe(red);
  expect(painted(true, { TERM: "dumb" })).toBe("FAILED");
  expect(painted(true, { NO_COLOR: "1" })).toBe("FAILED");
  expect(painted(false, {})).toBe("FAILED");
  expect(painted(false, { FORCE_COLOR: "1" })).toBe(red);
});
