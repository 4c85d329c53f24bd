// Large commands over links of 100 Mbit/s, real processes with every default: heartbeats must not
// wait behind data. With 20 Mbit/s too: node apps/cluster/dist/slow-links/main.js
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runProgram } from "./support/cluster.js";

const trials = fileURLToPath(new URL("../dist/slow-links/main.js", import.meta.url));

test(
  "commands of 1 and 3.9 MiB are committed over 100 Mbit/s, and the leader stays",
  { timeout: 240_000 },
  async () => {
    const program = runProgram(["100"], {}, [trials]);
    const code = await program.ended;
    expect([code, program.output()]).toEqual([
      0,
      expect.stringMatching(/passed: every command was committed, no leader was replaced\n$/),
    ]);
  },
);
