// Plans that failed once: each shows what was wrong before its fix, and must show nothing any more.
// `why` says what it was.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runPlanned } from "../src/cli/simulate/run-plan.js";
import type { Plan } from "../src/plans/plan.js";

const folder = new URL("regressions/", import.meta.url);

for (const name of readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .sort()) {
  const { why, plan } = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as {
    readonly why: string;
    readonly plan: Plan;
  };
  test(`${name}: ${why}`, async () => {
    expect((await runPlanned(plan, false)).failure).toBeUndefined();
  });
}
