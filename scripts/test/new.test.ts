// `npm run new` in a copy of what it reads and changes: what it makes, where it enters it, and what
// it refuses. That the packages pass is the proof's part (apps/proof/test/new.proof.ts).
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "raftkit-new-"));
  mkdirSync(join(folder, ".changeset"));
  for (const name of [
    "README.md",
    "tsconfig.json",
    "scripts/new",
    "scripts/new.mjs",
    "scripts/test/source.test.ts",
    "apps/docs/src/sidebar.ts",
    "apps/examples/src",
    "apps/examples/test",
    "packages/codec-json/src",
    "packages/codec-json/test/conformance.test.ts",
    "packages/transport-memory/package.json",
    "packages/transport-memory/tsconfig.json",
    "packages/transport-memory/test/tsconfig.json",
  ]) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (file: string): string => readFileSync(join(folder, file), "utf8");

function run(...args: string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, ["scripts/new.mjs", ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
  });
}

test.each([
  ["transport", "transport-pigeon", "createPigeonTransport"],
  ["storage", "storage-pigeon", "createPigeonLog"],
  ["codec", "codec-pigeon", "createPigeonCodec"],
  ["state-machine", "pigeon", "createPigeon"],
])("a %s is made, and entered in every table", (kind, name, create) => {
  expect(run(kind, "pigeon")).toMatchObject({ status: 0, stderr: "" });
  const target = `packages/${name}`;
  const manifest: object = JSON.parse(read(`${target}/package.json`));
  expect(manifest).toMatchObject({
    name: `@raftkit/${name}`,
    repository: { directory: target },
    dependencies: { "@raftkit/core": "workspace:*" },
    devDependencies: { "@raftkit/conformance": "workspace:*" },
  });
  for (const file of ["src/index.ts", "test/conformance.test.ts", "README.md"]) {
    expect(read(`${target}/${file}`)).toContain(create);
  }
  expect(read(`.changeset/new-${name}.md`)).toMatch(`"@raftkit/${name}": minor`);
  expect(read("tsconfig.json")).toContain(`"path": "${target}/test"`);
  expect(read("scripts/test/source.test.ts")).toContain(`"@raftkit/${name}": ["@raftkit/core"`);
  expect(read("apps/docs/src/sidebar.ts")).toContain(`  "${name}",\n`);
  expect(read("README.md")).toContain(`(${target}) |`);
});

test.each([
  ["no kind", []],
  ["an unknown kind", ["database", "x"]],
  ["no name", ["transport"]],
  ["a name that is none", ["transport", "Carrier_Pigeon"]],
  ["one word too many", ["transport", "carrier", "pigeon"]],
  ["a package that is there", ["transport", "memory"]],
])("%s is refused, and nothing is changed", (_, args) => {
  const before = read("tsconfig.json");
  const { status, stderr } = run(...args);
  expect(status).toBe(2);
  expect(stderr).not.toBe("");
  expect(read("tsconfig.json")).toBe(before);
  expect(existsSync(join(folder, "packages/transport-Carrier_Pigeon"))).toBe(false);
});
