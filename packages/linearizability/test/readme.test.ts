// The README's example runs as it stands and prints what its comments say.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { format } from "node:util";
import { expect, test, vi } from "vitest";

test("the example prints what it says", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const code = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const promised = code.split("\n").filter((line) => line.startsWith("//")).map((line) => line.slice(3));
  const folder = await mkdtemp(join(tmpdir(), "readme-"));
  const printed: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...args: unknown[]) => void printed.push(format(...args)));
  try {
    await writeFile(join(folder, "example.ts"), code.replaceAll(/"@raftkit\/linearizability"/g, JSON.stringify(fileURLToPath(new URL("../src/index.ts", import.meta.url)))));
    await import(pathToFileURL(join(folder, "example.ts")).href);
  } finally {
    log.mockRestore();
    await rm(folder, { recursive: true });
  }
  expect(promised.length).toBeGreaterThan(0);
  expect(printed.join("\n")).toBe(promised.join("\n"));
});
