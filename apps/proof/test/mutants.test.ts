// The list of mutants: whoever changes a place that a mutant names must say where it is now.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { putInto } from "../src/mutants/copy.js";
import { isGolden, orderOf } from "../src/mutants/golden.js";
import { fatal, harmless, mutants } from "../src/mutants/catalogue/all.js";
import { packageOf, SAFETY_RULES } from "../src/mutants/mutant.js";
import { applyMutation } from "../src/source-mutation.js";
import { summarize } from "../src/mutants/report.js";
import { tryMutant } from "../src/mutants/trial.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

describe("the list of mutants", () => {
  test("each changes one place of its file, which is there exactly once", () => {
    for (const mutant of [...mutants, fatal, harmless]) {
      const source = readFileSync(join(root, mutant.file), "utf8");
      expect(applyMutation(source, mutant), mutant.id).not.toBe(source);
    }
  });

  test("has at least 60, each with a name of its own, and some in every package", () => {
    expect(mutants.length).toBeGreaterThanOrEqual(60);
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
    expect(
      new Set(mutants.map((mutant) => `${mutant.file} ${mutant.find} ${mutant.replace}`)).size,
    ).toBe(mutants.length);
    expect(new Set(mutants.map(packageOf))).toEqual(
      new Set([
        "core",
        "kv",
        "raftkit",
        "sessions",
        "storage-file",
        "transport-http",
        "transport-tcp",
      ]),
    );
    for (const mutant of mutants) {
      expect(mutant.id.startsWith(`${packageOf(mutant)}-`), mutant.id).toBe(true);
    }
  });

  test("says which safety rule a mutant breaks, and has some for each", () => {
    const named = mutants.flatMap(({ rule }) => (rule === undefined ? [] : [rule]));
    expect([...new Set(named)].toSorted()).toEqual(SAFETY_RULES.toSorted());
  });

  test("says of each what goes wrong", () => {
    for (const { id, why } of mutants) expect(why.length, id).toBeGreaterThan(10);
  });
});

describe("putting a mutant in", () => {
  const mutant = { id: "m", file: "a.ts", find: "x > 1", replace: "x >= 1", why: "" };

  test("refuses a place that is gone, or there twice", () => {
    expect(() => applyMutation("x < 1", mutant)).toThrow(/a\.ts holds "x > 1" 0 times/);
    expect(() => applyMutation("x > 1 || x > 1", mutant)).toThrow(/2 times/);
  });

  test("takes the text as it is, and takes it out again", () => {
    const folder = mkdtempSync(join(tmpdir(), "raftkit-mutant-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "a.ts"), "if (x > 1) y();");
    const takeOut = putInto(folder, { ...mutant, replace: "$&$1" });
    expect(readFileSync(join(folder, "a.ts"), "utf8")).toBe("if ($&$1) y();");
    takeOut();
    expect(readFileSync(join(folder, "a.ts"), "utf8")).toBe("if (x > 1) y();");
    expect(existsSync(join(folder, "b.ts"))).toBe(false);
  });
});

const golden = "packages/core/test/goldens.test.ts › goldens › a vote";
const asserting = "packages/core/test/votes.test.ts › one vote a term";

describe("golden texts", () => {
  test("are told from tests that assert something", () => {
    expect([golden, "packages/core/test/goldens.test.ts"].map(isGolden)).toEqual([true, true]);
    expect(
      [
        asserting,
        "packages/core/test/goldens.test.tsx › x",
        "packages/raftkit/test/goldens.test.ts › x",
      ].map(isGolden),
    ).toEqual([false, false, false]);
  });

  test("run last, whatever time they take; the others by their time", () => {
    const durations = {
      "packages/core/test/goldens.test.ts": 1,
      "packages/core/test/a.test.ts": 900,
      "packages/core/test/b.test.ts": 20,
    };
    const order = ["goldens", "a", "b"]
      .map((name) => `/copy/packages/core/test/${name}.test.ts`)
      .toSorted((one, other) => orderOf(one, durations) - orderOf(other, durations));
    expect(order.map((path) => path.split("/").at(-1))).toEqual([
      "b.test.ts",
      "a.test.ts",
      "goldens.test.ts",
    ]);
  });
});

describe("trying a mutant", () => {
  const mutant = { id: "core-00", file: "packages/core/src/x.ts", find: "", replace: "", why: "w" };

  /** With stand-ins: what of the package's tests failed first, and which seed. */
  async function tryWith(rule: "votes" | undefined, failed: string | undefined, seed?: string) {
    let seeds = 0;
    const verdict = await tryMutant(
      "/copy",
      { ...mutant, ...(rule === undefined ? {} : { rule }) },
      {
        baselines: new Map([["packages/core", outcome([golden, asserting], undefined)]]),
        tests: true,
        seeds: 5,
        tools: {
          putInto: () => () => {},
          runTests: () => Promise.resolve(outcome([], failed)),
          runSeeds: () => {
            seeds++;
            return Promise.resolve(
              seed === undefined
                ? { message: "every seed passes" }
                : { killer: seed, message: "m" },
            );
          },
        },
      },
    );
    return { killer: verdict.killer, golden: verdict.golden, detail: verdict.detail, seeds };
  }

  const outcome = (passed: string[], failed: string | undefined) => ({
    passed,
    failed: failed === undefined ? [] : [{ name: failed, message: "no", afterMs: 1 }],
    timedOut: [],
    broken: [],
    durations: {},
  });

  test("ends with the first test that notices", async () => {
    expect(await tryWith("votes", asserting)).toEqual({
      killer: asserting,
      golden: false,
      detail: "no",
      seeds: 0,
    });
    expect(await tryWith(undefined, golden)).toMatchObject({
      killer: golden,
      golden: true,
      seeds: 0,
    });
  });

  test("of a safety rule goes on after a golden text", async () => {
    expect(await tryWith("votes", golden, "core simulation, seed 3")).toMatchObject({
      killer: "core simulation, seed 3",
      golden: false,
      seeds: 1,
    });
    expect(await tryWith("votes", golden)).toEqual({
      killer: golden,
      golden: true,
      detail: "every seed passes",
      seeds: 1,
    });
  });

  test("takes a test that fails without the mutation for no killer", async () => {
    expect(await tryWith("votes", "packages/core/test/other.test.ts › x")).toMatchObject({
      killer: undefined,
      golden: false,
      seeds: 1,
    });
  });
});

describe("the verdict", () => {
  const verdict = (
    id: string,
    killer: string | undefined,
    rule?: "votes" | "reads",
    seconds = 1,
  ) => ({
    id,
    why: "w",
    rule,
    killer,
    golden: killer === golden,
    detail: "",
    seconds,
  });
  const good = [
    verdict("m1", asserting, "votes"),
    verdict("m2", golden),
    verdict("m3", "core simulation, seed 3: x", "reads"),
  ];
  const how = { limitMs: 60_000, tookMs: 9000, survivorsAllowed: false };

  test("counts golden texts apart", () => {
    const { lines, failed, figures } = summarize(good, how);
    expect(failed).toBe(false);
    expect(figures).toMatchObject({ mutants: 3, killed: 3, golden: 1, onlyGolden: 0 });
    expect(lines).toEqual([
      "  votes          1 mutants, 1 killed by what asserts it, 0 by goldens alone",
      "  reads          1 mutants, 1 killed by what asserts it, 0 by goldens alone",
      "3 mutants: 3 killed, 1 of them by goldens alone; 0 survived, 0 too late, 0 of a safety rule by goldens alone; the slowest took 1.0 s, all 9 s",
    ]);
  });

  test.each([
    ["survives", verdict("m4", undefined), { survived: 1, killed: 3 }],
    ["dies too late", verdict("m4", asserting, undefined, 61), { late: 1, killed: 3 }],
    [
      "of a safety rule has a golden killer only",
      verdict("m4", golden, "votes"),
      { onlyGolden: 1, killed: 3, golden: 1 },
    ],
  ])("fails when a mutant %s, and names it in the last line", (_, bad, counts) => {
    const { lines, failed, figures, wrong } = summarize([...good, bad], how);
    expect(failed).toBe(true);
    expect(figures).toMatchObject(counts);
    expect(wrong).toEqual([bad]);
    expect(lines.at(-1)).toBe("failed: not killed as they must be: m4");
    expect(summarize([...good, bad], { ...how, survivorsAllowed: true }).failed).toBe(false);
  });
});
