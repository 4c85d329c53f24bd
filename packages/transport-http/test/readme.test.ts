// Every example of the README runs, and prints what it says it prints.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
const promises = examples.map((code) => [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => line));

// A name with a dot keeps it out of the type check, and inside the package its imports resolve as those of a user do.
const folder = mkdtempSync(new URL(".readme-", import.meta.url).pathname);
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

test("the README's examples print what they promise", { timeout: 60_000 }, async () => {
  expect(promises).toEqual([["n1 says hello"], ["503"]]);
  for (const [i, code] of examples.entries()) {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    writeFileSync(`${folder}/example-${i}.ts`, code);
    await import(/* @vite-ignore */ `${folder}/example-${i}.ts`);
    expect(log.mock.calls.map(([line]) => String(line))).toEqual(promises[i]);
    log.mockRestore();
  }
});
