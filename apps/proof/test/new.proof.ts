// The packages that `npm run new` makes compile and pass their suites, in a copy of the repository.
import { cpSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { copyPackages, removeCopy } from "../src/mutants/copy.js";
import { capture } from "../src/processes.js";
import { workspaceRoot } from "../src/workspace.js";

const root = workspaceRoot;

test.each([
  ["transport", "transport-pigeon"],
  ["storage", "storage-pigeon"],
  ["codec", "codec-pigeon"],
  ["state-machine", "pigeon"],
])(
  "a new %s passes its suite",
  async (kind, name) => {
    const copy = copyPackages(root);
    onTestFinished(() => removeCopy(copy), 200_000);
    mkdirSync(join(copy, ".changeset"));
    for (const part of [
      "README.md",
      "scripts",
      "apps/docs/src",
      "apps/examples/src",
      "apps/examples/test",
    ]) {
      cpSync(join(root, part), join(copy, part), { recursive: true });
    }
    const run = async (command: readonly string[]): Promise<void> => {
      const env = { ...process.env, RAFTKIT_PROOF_TESTS: "" }; // theirs are no proof's tests
      const { status, output } = await capture(command, { cwd: copy, env, timeoutMs: 200_000 });
      expect(status, output).toBe(0);
    };
    await run([process.execPath, "scripts/new.mjs", kind, "pigeon"]);
    // What an installation would link.
    const target = join(copy, "packages", name);
    const links = join(target, "node_modules/@raftkit");
    mkdirSync(links, { recursive: true });
    const others = readdirSync(join(copy, "packages")).filter((other) => other !== name);
    for (const other of others) symlinkSync(join("../../..", other), join(links, other));
    const bin = (tool: string): string => join(root, "node_modules/.bin", tool);
    await run([bin("tsc"), "-b", target, join(target, "test")]);
    await run([bin("vitest"), "run", "--project", `packages/${name}`]);
  },
  400_000,
);
