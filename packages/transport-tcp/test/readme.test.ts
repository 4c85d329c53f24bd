// The README's example runs as it stands and prints what its last comment says.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";

test("the README's example prints what it promises", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const code = /^```ts\n(.*?)^```$/ms.exec(readme)?.[1] ?? "";
  const promised = /^console\.log\(.*\); \/\/ (.*)$/m.exec(code)?.[1];
  expect(promised).toBeDefined();
  // Beside this file, so that its imports resolve as a user's do; the dot keeps it out of the type check.
  const folder = mkdtempSync(fileURLToPath(new URL(".readme-", import.meta.url)));
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  try {
    writeFileSync(`${folder}/example.ts`, code);
    await import(/* @vite-ignore */ `${folder}/example.ts`);
    expect(log.mock.calls).toEqual([[promised]]);
  } finally {
    log.mockRestore();
    rmSync(folder, { recursive: true });
  }
});
