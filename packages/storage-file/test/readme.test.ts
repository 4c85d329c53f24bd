// The README's example runs as it stands, in a process of its own.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createFileLog } from "@raftkit/storage-file";
import { build } from "vite";
import { expect, test } from "vitest";
import { identity, listed } from "./support/logs.js";

test("the example in the README", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const scratch = await mkdtemp(`${tmpdir()}/raftkit-readme-`);
  try {
    await writeFile(`${scratch}/example.ts`, /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "");
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
        ssr: `${scratch}/example.ts`,
        outDir: scratch,
        emptyOutDir: false,
        rollupOptions: { output: { entryFileNames: "example.mjs" } },
      },
    });
    for (let i = 0; i < 2; i++) {
      await promisify(execFile)(process.execPath, ["example.mjs"], { cwd: scratch });
    }
    const log = createFileLog({ directory: `${scratch}/data/n1` });
    const opened = await log.open(identity);
    expect(opened.hardState.currentTerm).toBe(2);
    expect(listed(opened.entries)).toHaveLength(2);
    await log.close();
  } finally {
    await rm(scratch, { recursive: true });
  }
}, 60_000);
