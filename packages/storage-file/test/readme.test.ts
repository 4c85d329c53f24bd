// The README's example runs as it stands.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as core from "@raftkit/core";
import * as storage from "@raftkit/storage-file";
import { expect, test } from "vitest";
import { identity, listed } from "./support/logs.js";

test("the example in the README", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const scratch = await mkdtemp(`${tmpdir()}/raftkit-readme-`);
  try {
    const body = example
      .replace(/import (\{.*\}) from "@raftkit\/core";/, "const $1 = core;")
      .replace(/import (\{.*\}) from "@raftkit\/storage-file";/, "const $1 = storage;")
      .replace('"data/n1"', JSON.stringify(`${scratch}/data/n1`));
    expect(body).not.toContain("import");
    const run = new Function("core", "storage", `return (async () => {${body}})();`) as (...modules: object[]) => Promise<void>;
    for (let i = 0; i < 2; i++) await run(core, storage);
    const log = storage.createFileLog({ directory: `${scratch}/data/n1` });
    const opened = await log.open(identity);
    expect(opened.run).toBe(3);
    expect(listed(opened.entries)).toHaveLength(2);
    await log.close();
  } finally {
    await rm(scratch, { recursive: true });
  }
});
