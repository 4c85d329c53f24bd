// A chaos run that the dashboard starts: what it says, its verdict, and that it ends when it has to.
import { expect, test, vi } from "vitest";
import { Chaos } from "../src/dashboard/chaos.js";

/** Its further arguments are `--seconds N`. */
const program = (text: string): string[] => ["-e", text, "--"];
const WAIT = { timeout: 20_000, interval: 10 };

test.each([
  [0, "passed"],
  [1, "failed"],
])("with exit code %i it has %s, and its lines are kept", async (code, state) => {
  const chaos = new Chaos(
    program(`console.log(process.argv.slice(1).join(" ")); process.exitCode = ${code}`),
    () => {},
  );
  expect(chaos.view).toBeNull();
  chaos.start(7);
  expect(chaos.view).toEqual({ state: "running", seconds: 7, lines: [] });
  await vi.waitFor(() => expect(chaos.view?.state).not.toBe("running"), WAIT);
  expect(chaos.view).toEqual({ state, seconds: 7, lines: ["--seconds 7"] });
});

test("one at a time; stopped, it has proven nothing, and the next one may start", async () => {
  const chaos = new Chaos(program("setInterval(() => {}, 1000)"), () => {});
  chaos.start(7);
  expect(() => chaos.start(7)).toThrow("a chaos run is under way");
  await chaos.stop();
  expect(chaos.view?.state).toBe("stopped");
  chaos.start(8);
  expect(chaos.view).toMatchObject({ state: "running", seconds: 8 });
  await chaos.stop();
});
