// What runs in public: the workflows call scripts that there are, on every version of Node that is
// supported, and only the release may publish.
import { accessSync, constants, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, ".github/workflows");
const workflows = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
const manifest: {
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
} = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

test("the workflows run scripts that there are", () => {
  const scripts = workflows.flatMap((text) => [...text.matchAll(/run: npm run (\S+)/g)]);
  expect(scripts.length).toBeGreaterThan(0);
  for (const [, name = ""] of scripts) expect(Object.keys(manifest.scripts)).toContain(name);
  accessSync(join(root, ".ci/run"), constants.X_OK);
});

test("the tests run on Node 20, 22 and 24, the first of which is the oldest that is supported", () => {
  const test = workflows.find((text) => text.startsWith("# Runs what `npm test` runs"));
  expect(test).toContain("node: [20, 22, 24]");
  expect(test).toContain("run: .ci/run");
  expect(manifest.engines.node).toMatch(/^>=20\./);
});

test("only the release may write, and it publishes with provenance", () => {
  const writing = workflows.filter((text) => /: write$/m.test(text));
  expect(writing).toHaveLength(1);
  expect(writing[0]).toContain('NPM_CONFIG_PROVENANCE: "true"');
  expect(writing[0]).not.toMatch(/pull_request:/);
});
