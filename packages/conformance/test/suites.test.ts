// Every suite is put together right, its numbers have no gap, and every case was seen to fail.
import { expect, test } from "vitest";
import type { Suite } from "../src/suite.js";
import { suites } from "../src/suites.js";
import { validateSuite } from "../src/validate.js";
import type { Wrong } from "./support/caught.js";
import { wrongCodecs } from "./wrong/codecs.js";
import { wrongCodecsInDisguise } from "./wrong/codecs-in-disguise.js";
import { wrongLogs } from "./wrong/logs.js";
import { wrongLargeLogs } from "./wrong/large-logs.js";
import { wrongLogsOnBadDisks } from "./wrong/logs-on-bad-disks.js";
import { wrongMachines } from "./wrong/machines.js";
import { wrongCaptures } from "./wrong/machines-captures.js";
import { wrongMachinesElsewhere } from "./wrong/machines-elsewhere.js";
import { wrongReaders } from "./wrong/snapshot-readers.js";
import { wrongSnapshots } from "./wrong/snapshots.js";
import { wrongWays } from "./wrong/transport-ways.js";
import { wrongWrappers } from "./wrong/transport-wrappers.js";
import { wrongInstalls } from "./wrong/transports-installs.js";
import { wrongLasting } from "./wrong/transports-lasting.js";
import { wrongSeeds } from "./wrong/transports-seeds.js";

/**
 * That each of them fails first in the case that it names, `proveSuite` proves, beside each suite.
 */
const wrongs: { readonly [suite: string]: readonly Pick<Wrong<unknown>, "caughtBy">[] } = {
  codec: [...wrongCodecs, ...wrongCodecsInDisguise],
  "state-machine": [...wrongMachines, ...wrongMachinesElsewhere, ...wrongCaptures],
  "log-storage": [...wrongLogs, ...wrongLogsOnBadDisks, ...wrongLargeLogs],
  "snapshot-storage": [...wrongSnapshots, ...wrongReaders],
  transport: [...wrongWays, ...wrongWrappers, ...wrongLasting, ...wrongInstalls, ...wrongSeeds],
};

test.each(Object.entries(suites))("the suite %s is valid", (_name, suite) => {
  expect(validateSuite(suite)).toEqual([]);
  expect(suite.map(({ id }) => Number(id.split("-")[1]))).toEqual(suite.map((_, i) => i + 1));
});

test.each(Object.entries(suites))(
  "every case of the suite %s names the property that it protects, and where the Raft paper has it",
  (_name, suite) => {
    const property =
      /^(Election Safety|Log Matching|Leader Completeness|State Machine Safety|Linearizability|Availability)\b[^(]*\(Raft (§\d|Figure \d)/;
    expect(
      suite.filter(({ rule }) => !property.test(rule)).map(({ id, rule }) => `${id} ${rule}`),
    ).toEqual([]);
    // Readers of the package have no numbered lists of this repository.
    expect(
      suite
        .filter(({ rule }) => /hazard|\bdesign\b|the port|docs\//i.test(rule))
        .map(({ id }) => id),
    ).toEqual([]);
  },
);

test.each(Object.entries(suites))(
  "every case of the suite %s has a wrong adapter that it catches",
  (name, suite) => {
    const caught = new Set(wrongs[name]?.map(({ caughtBy }) => caughtBy));
    expect(suite.map(({ id }) => id).filter((id) => !caught.has(id))).toEqual([]);
  },
);

test("what is wrong with a suite is told", () => {
  const one = {
    id: "A-01",
    title: "t",
    rule: "r",
    requires: [],
    capabilities: [],
    run: () => Promise.resolve(),
  };
  const wrong: Suite<unknown> = [
    one,
    { ...one, id: "A-02", requires: ["A-03"] },
    { ...one, id: "A-03", title: "" },
    one,
    { ...one, id: "B-01" },
    { ...one, id: "x" },
  ];
  expect(validateSuite(wrong)).toEqual([
    "A-02 requires A-03, which is not an earlier case",
    "A-03 has no title or no rule",
    "A-01 is there twice",
    "B-01 has another prefix than A-01",
    "x is not like CODEC-01",
    "x has another prefix than A-01",
  ]);
  expect(validateSuite([])).toEqual(["there is no case"]);
});
