// The README's examples run as they stand, each in a process of its own.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createFileLog, createFileSnapshots } from "@raftkit/storage-file";
import { build } from "vite";
import { expect, test } from "vitest";
import { identity, listed } from "./support/logs.js";

test("the examples in the README", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const scratch = await mkdtemp(`${tmpdir()}/raftkit-readme-`);
  try {
    const [log = "", snapshots = ""] = [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(
      ([, code = ""]) => code,
    );
    await writeFile(`${scratch}/log.ts`, log);
    await writeFile(`${scratch}/snapshots.ts`, snapshots);
    await build({
      root: scratch,
      configFile: false,
      logLevel: "silent",
      resolve: {
        alias: {
          "@raftkit/core": source("../../core/src/index.ts"),
          "@raftkit/storage-file": source("../src/index.ts"),
        },
      },
      ssr: { noExternal: true },
      build: {
        ssr: true,
        outDir: scratch,
        emptyOutDir: false,
        rollupOptions: {
          input: [`${scratch}/log.ts`, `${scratch}/snapshots.ts`],
          output: { entryFileNames: "[name].mjs" },
        },
      },
    });
    for (let i = 0; i < 2; i++) {
      await promisify(execFile)(process.execPath, ["log.mjs"], { cwd: scratch });
      const ended = await promisify(execFile)(process.execPath, ["snapshots.mjs"], {
        cwd: scratch,
      });
      expect(ended.stdout).toBe("state\n");
    }
    const stored = createFileLog({ directory: `${scratch}/data/n1` });
    const opened = await stored.open(identity);
    expect(opened.hardState.currentTerm).toBe(2);
    expect(listed(opened.entries)).toHaveLength(2);
    await stored.close();
    const kept = createFileSnapshots({ directory: `${scratch}/data/n1` });
    expect(await kept.open(identity)).toMatchObject({ index: 40, bytes: 9 });
    await kept.close();
  } finally {
    await rm(scratch, { recursive: true });
  }
}, 60_000);
