// Servers that lie: a chaos run must fail, and say which check noticed. For the proof alone: each
// run takes its time (`npm run proof -- all --only long-tests`).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { seedFor, startChaos } from "./support/chaos-run.js";
import { temporaryDirectory } from "./support/environment.js";

const LYING_SERVER = fileURLToPath(new URL("support/lying-server.mjs", import.meta.url));

test.each([
  ["acknowledge what they didn't write", "lost", "linearizable", 5, 3],
  ["answer with what was true before", "stale", "linearizable", 5, 3],
  ["show less than their index says", "older", "older reads show the log", 5, 3],
  ["execute again what comes again", "twice", "session writes once", 5, 3],
  ["don't tell of each change", "silent", "watches show the log", 5, 3],
  [
    "keep nothing, and are killed all at once",
    "memory",
    "nothing acknowledged lost",
    7,
    seedFor("kill-all", 7),
  ],
])(
  "of servers that %s fails, and says which check",
  { timeout: 120_000 },
  async (_, lie, check, seconds, seed) => {
    const out = join(temporaryDirectory(), "report");
    const program = startChaos(out, ["--seconds", String(seconds), "--seed", String(seed)], {
      RAFTKIT_SERVER_MAIN: LYING_SERVER,
      LIE: lie,
    });
    expect([await program.ended, program.output()]).toEqual([
      1,
      expect.stringMatching(new RegExp(`FAILED  ${check}.*\\nFAILED: .*${check}.*\\n$`, "s")),
    ]);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain(
      `Chaos run, seed ${seed}: failed`,
    );
  },
);
