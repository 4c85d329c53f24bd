// A chaos run that the dashboard starts: what it says, its verdict, and that it ends when it has to.
import { Hono } from "hono";
import { expect, test, vi } from "vitest";
import { Chaos } from "../src/dashboard/chaos.js";
import type { ChaosProgram } from "../src/dashboard/chaos.js";
import { Load } from "../src/dashboard/load.js";
import { addTrials } from "../src/dashboard/trial-routes.js";
import { temporaryDirectory } from "./support/environment.js";

/** Its further arguments are `--out DIRECTORY --seconds N`. */
const program = (text: string, out = "nowhere"): ChaosProgram => ({
  command: ["-e", text, "--"],
  out,
});
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
  expect(chaos.view).toEqual({ state: "running", seconds: 7, lines: [], hasReport: false });
  await vi.waitFor(() => expect(chaos.view?.state).not.toBe("running"), WAIT);
  const lines = ["--out nowhere --seconds 7"];
  expect(chaos.view).toEqual({ state, seconds: 7, lines, hasReport: false });
});

test("its report is served once it is over, and no older one while it runs", async () => {
  const out = temporaryDirectory();
  const write = `require("node:fs").writeFileSync(process.argv[2] + "/report.html", "<p>all")`;
  const chaos = new Chaos(program(write, out), () => {});
  const app = new Hono();
  addTrials(app, new Load(() => []), chaos, () => {});
  const status = async (): Promise<number> => (await app.request("/v1/chaos/report")).status;
  expect(await status()).toBe(404);
  for (let run = 0; run < 2; run++) {
    chaos.start(7);
    expect(await status()).toBe(404);
    await vi.waitFor(() => expect(chaos.view?.state).toBe("passed"), WAIT);
    const answer = await app.request("/v1/chaos/report");
    expect([answer.headers.get("content-type"), await answer.text()]).toEqual([
      "text/html; charset=UTF-8",
      "<p>all",
    ]);
  }
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
