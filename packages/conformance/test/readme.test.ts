// The README's examples run as they stand and print what their comments say.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { format } from "node:util";
import { expect, test, vi } from "vitest";
import { suites } from "../src/suites.js";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/```ts\n([^]*?)```/g)].map(([, code = ""]) => code);

test.each(examples)("example %#", async (code) => {
  const promised = code.split("\n").filter((line) => line.startsWith("// ")).map((line) => line.slice(3));
  const folder = await mkdtemp(join(tmpdir(), "readme-"));
  const printed: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...args: unknown[]) => void printed.push(format(...args)));
  try {
    await writeFile(join(folder, "example.ts"), code.replaceAll(/"@raftkit\/conformance"/g, JSON.stringify(fileURLToPath(new URL("../src/index.ts", import.meta.url)))));
    await import(pathToFileURL(join(folder, "example.ts")).href);
  } finally {
    log.mockRestore();
    await rm(folder, { recursive: true });
  }
  expect(promised.length).toBeGreaterThan(0);
  expect(printed.join("\n")).toBe(promised.join("\n"));
});

test("it names every suite as the command line does, and no case that isn't there", () => {
  for (const name of Object.keys(suites)) expect(readme).toContain(`| \`${name}\` |`);
  const known = Object.values(suites).flatMap((suite) => suite.map(({ id }) => id));
  const prefixes = new Set(known.map((id) => id.split("-")[0]));
  for (const [id, prefix] of readme.matchAll(/\b([A-Z]+)-\d\d\b/g)) if (prefixes.has(prefix)) expect(known).toContain(id);
});
