// Whole runs, as users start them: one that passes and leaves nothing behind, records that were
// tampered with, and runs that are ended before their time.
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { keyValueFormat, parseOperation } from "@raftkit/linearizability";
import { describe, expect, test, vi } from "vitest";
import { takeOutDirectory } from "../src/chaos/out-directory.js";
import { planFaults } from "../src/chaos/faults/schedule.js";
import type { ChaosReport } from "../src/chaos/report/report.js";
import { seedFor, seedWith, startChaos } from "./support/chaos-run.js";
import { runCommand } from "./support/command.js";
import { allGone } from "./support/cluster.js";
import { temporaryDirectory } from "./support/environment.js";

/** So few that a run doesn't take long. */
const SECONDS = 6;
const PATIENCE = { timeout: 60_000, interval: 20 };

function verifyFile(path: string, ...flags: readonly string[]): Promise<[number, string]> {
  return runCommand("verify", path, ...flags);
}

/** The process's children that run servers, with where each keeps its data. */
function serversOf(pid: number | undefined): { readonly pid: number; readonly data: string }[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter((text) => text !== "")
    .map(Number);
  return children.flatMap((child) => {
    const args = readFileSync(`/proc/${child}/cmdline`, "utf8").split("\0");
    const at = args.indexOf("--data");
    return at < 0 ? [] : [{ pid: child, data: args[at + 1] ?? "" }];
  });
}

const isPaused = ({ pid }: { readonly pid: number }): boolean =>
  existsSync(`/proc/${pid}/stat`) && / T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

describe("a run", () => {
  test(
    "passes, leaves a report that can be verified, and nothing else; a record that was changed fails",
    { timeout: 120_000 },
    async () => {
      const out = join(temporaryDirectory(), "report");
      const seed = seedWith(["replace"], SECONDS);
      const program = startChaos(out, ["--seconds", `${SECONDS}`, "--seed", `${seed}`]);
      const servers = await vi.waitFor(() => {
        const found = serversOf(program.child.pid);
        expect(found).toHaveLength(3);
        return found;
      }, PATIENCE);
      expect([await program.ended, program.output()]).toEqual([
        0,
        expect.stringMatching(/\npassed: 16 checks\n$/),
      ]);
      await allGone(servers.map(({ pid }) => pid));
      expect(existsSync(dirname(servers[0]?.data ?? ""))).toBe(false);
      expect(readdirSync(out).toSorted()).toEqual([
        "final-state.json",
        "history.jsonl",
        "logs",
        "members.json",
        "older-reads.json",
        "raftkit-chaos.json",
        "report.html",
        "report.json",
        "watches.json",
      ]);
      expect(readFileSync(join(out, "report.html"), "utf8")).toContain(
        `Chaos run, seed ${seed}: passed`,
      );
      const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as ChaosReport;
      const planned = planFaults({ seed, nodes: 3, seconds: SECONDS }).map(({ kind }) => kind);
      expect(new Set(report.injectedFaults.map(({ kind }) => kind))).toEqual(new Set(planned));
      expect(report.totals.done).toBeGreaterThan(50);
      expect(statSync(join(out, "history.jsonl")).mode & 0o077).toBe(0);

      expect(await verifyFile(out)).toEqual([
        0,
        expect.stringMatching(
          /ok +linearizable.*ok +one log order.*ok +nothing acknowledged lost.*ok +all nodes equal.*ok +watches show the log.*ok +older reads show the log.*ok +one change at a time.*\npassed: 9 checks\n$/s,
        ),
      ]);
      const history = join(out, "history.jsonl");
      expect(await verifyFile(history, "--json")).toEqual([
        0,
        expect.stringMatching(/\{\n {2}"ok": true,\n {2}"checks": \[\n/),
      ]);

      // An acknowledged write vanishes from the nodes: the last one of a key, so that nothing
      // overwrote it.
      const [lost] = finalPuts(history, join(out, "final-state.json"));
      if (lost === undefined) throw new Error("the run wrote nothing");
      const state = readFileSync(join(out, "final-state.json"), "utf8");
      writeFileSync(
        join(out, "final-state.json"),
        JSON.stringify(withoutKey(JSON.parse(state) as State, lost)),
      );
      expect(await verifyFile(out)).toEqual([
        1,
        expect.stringMatching(
          /FAILED {2}nothing acknowledged lost.*is gone; it holds.*\nFAILED: nothing acknowledged lost, watches show the log\n$/s,
        ),
      ]);
      writeFileSync(join(out, "final-state.json"), state);

      // The same in the history: the final read didn't find it.
      const lines = readFileSync(history, "utf8").trimEnd().split("\n");
      const tampered = lines.map((line) =>
        line.includes(`"client":"final.${lost}"`)
          ? JSON.stringify({ ...(JSON.parse(line) as object), result: null })
          : line,
      );
      expect(tampered.filter((line, i) => line !== lines[i])).toHaveLength(1);
      writeFileSync(history, `${tampered.join("\n")}\n`);
      expect(await verifyFile(history)).toEqual([
        1,
        expect.stringMatching(/FAILED {2}linearizable.*\nFAILED: linearizable\n$/s),
      ]);

      writeFileSync(history, `${lines.join("\n")}\nnonsense\n`);
      expect(await verifyFile(history)).toEqual([
        2,
        expect.stringContaining(`line ${lines.length + 1}: `),
      ]);
    },
  );
});

describe("a run that is ended before its time", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "by %s ends every server, says that nothing was proven, and takes its data away",
    { timeout: 90_000 },
    async (signal) => {
      const program = startChaos(join(temporaryDirectory(), "report"), [
        "--seconds",
        "60",
        "--seed",
        "1",
      ]);
      await vi.waitFor(() => expect(program.output()).toContain("seed 1"), PATIENCE);
      const servers = serversOf(program.child.pid);
      program.child.kill(signal);
      expect([await program.ended, program.output()]).toEqual([
        1,
        expect.stringContaining(
          `interrupted by ${signal}: every process was ended, nothing was proven`,
        ),
      ]);
      await allGone(servers.map(({ pid }) => pid));
      expect([servers.length, existsSync(dirname(servers[0]?.data ?? ""))]).toEqual([3, false]);
    },
  );

  test(
    "by SIGKILL, with a server paused: the watchdog ends them all and takes the data away",
    { timeout: 90_000 },
    async () => {
      const program = startChaos(join(temporaryDirectory(), "report"), [
        "--seconds",
        "60",
        "--seed",
        String(seedFor("pause-leader", 60)),
      ]);
      const servers = await vi.waitFor(() => {
        const found = serversOf(program.child.pid);
        expect(found.some(isPaused)).toBe(true);
        return found;
      }, PATIENCE);
      program.child.kill("SIGKILL");
      await program.ended;
      await allGone(servers.map(({ pid }) => pid));
      await vi.waitFor(
        () => expect(existsSync(dirname(servers[0]?.data ?? ""))).toBe(false),
        PATIENCE,
      );
    },
  );
});

describe("directories", () => {
  test("with files of others are refused untouched", async () => {
    const out = temporaryDirectory();
    writeFileSync(join(out, "mine.txt"), "mine");
    const program = startChaos(out, []);
    expect([await program.ended, program.output()]).toEqual([
      1,
      expect.stringMatching(
        /^raftkit-cluster: .* has files but no raftkit-chaos.json, .*choose another --out\n$/,
      ),
    ]);
    expect(readdirSync(out)).toEqual(["mine.txt"]);
  });

  test("of an earlier run are used again, but not while another run uses them", async () => {
    const out = temporaryDirectory();
    const release = takeOutDirectory(out);
    writeFileSync(join(out, "report.html"), "old");
    writeFileSync(join(out, "mine.txt"), "mine");
    const program = startChaos(out, []);
    expect([await program.ended, program.output()]).toEqual([
      1,
      expect.stringMatching(
        /^raftkit-cluster: .* is in use by process \d+; .*choose another --out\n$/,
      ),
    ]);
    release();
    takeOutDirectory(out)();
    expect(readdirSync(out).toSorted()).toEqual(["mine.txt", "raftkit-chaos.json"]);
  });

  test("without a record are nothing to verify", async () => {
    const empty = temporaryDirectory();
    expect(await verifyFile(empty)).toEqual([
      2,
      expect.stringMatching(
        /^raftkit-cluster: .*history.jsonl.*give the directory of a chaos report, or its history.jsonl\n$/,
      ),
    ]);
  });
});

describe("a history", () => {
  test.each([
    ["is empty", "", "has no operations"],
    [
      "has no answers",
      '{"client":"c1","invoked":0,"completed":null,"op":"put","key":"a","value":"v1"}\n',
      "has no answer to any of its operations (1), so nothing would be proven",
    ],
    [
      "has no answers but those of the end",
      '{"client":"c1","invoked":0,"completed":null,"op":"put","key":"a","value":"v1"}\n{"client":"final.a","invoked":5,"completed":6,"op":"get","key":"a","result":null}\n',
      "has no answer to any of its operations (2)",
    ],
  ])("that %s is nothing to verify", async (_, text, reason) => {
    const file = join(temporaryDirectory(), "history.jsonl");
    writeFileSync(file, text);
    const [code, output] = await verifyFile(file);
    expect([code, output]).toEqual([2, expect.stringContaining(`${file} ${reason}`)]);
    expect(output).not.toContain("passed");
  });
});

interface State {
  readonly nodes: readonly {
    readonly entries: readonly {
      readonly key: string;
      readonly value: string;
      readonly index: number;
    }[];
  }[];
}

/**
 * Keys whose final value is that of an acknowledged write, and which nobody may have deleted since.
 */
function finalPuts(historyFile: string, stateFile: string): string[] {
  const operations = readFileSync(historyFile, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => parseOperation(line, keyValueFormat));
  const state = JSON.parse(readFileSync(stateFile, "utf8")) as State;
  const acknowledged = new Set(
    operations.flatMap(({ input, completed }) =>
      input.op === "put" && completed !== Infinity ? [String(input.value)] : [],
    ),
  );
  const doubtful = new Set(
    operations.flatMap(({ input, completed }) => (completed === Infinity ? [input.key] : [])),
  );
  return (state.nodes[0]?.entries ?? [])
    .filter(({ key, value }) => acknowledged.has(value) && !doubtful.has(key))
    .map(({ key }) => key);
}

function withoutKey({ nodes }: State, key: string): State {
  return {
    nodes: nodes.map((node) => ({
      ...node,
      entries: node.entries.filter((entry) => entry.key !== key),
    })),
  };
}
