import { readFile, rm, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";

test("the README's example runs as it stands and prints what it says", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const [, code = ""] = /```ts\n([^]*?)```/.exec(readme) ?? [];
  const [, printed = ""] = /\/\/ prints: (.*)\n/.exec(code) ?? [];
  expect(code.trim().split("\n").length).toBeLessThanOrEqual(16);
  const file = new URL(`./readme-example-${process.pid}.ts`, import.meta.url);
  const lines: string[] = [];
  const original = console.log;
  await writeFile(file, code);
  try {
    console.log = (...values: unknown[]) => { lines.push(values.join(" ")); };
    await import(file.href);
  } finally {
    console.log = original;
    await rm(file);
  }
  expect(lines.join("\n")).toBe(printed);
});
