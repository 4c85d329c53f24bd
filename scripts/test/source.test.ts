// What the linter can't see in the sources: evasions of the type system, and imports that the
// design forbids.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const projects = ["packages", "apps"]
  .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`))
  .filter((project) => existsSync(join(root, project, "package.json")));

/** What each project may use of the others, devDependencies counted. */
const map: Record<string, readonly string[] | "any"> = {
  "@raftkit/core": [],
  raftkit: ["@raftkit/core"],
  "@raftkit/transport-memory": ["@raftkit/core", "@raftkit/conformance"],
  "@raftkit/transport-tcp": ["@raftkit/core", "@raftkit/conformance"],
  "@raftkit/transport-http": ["@raftkit/core", "@raftkit/conformance"],
  "@raftkit/storage-memory": ["@raftkit/core", "@raftkit/conformance"],
  "@raftkit/storage-file": ["@raftkit/core", "@raftkit/conformance"],
  "@raftkit/codec-json": ["@raftkit/core", "@raftkit/conformance"],
  "@raftkit/codec-msgpack": ["@raftkit/core", "@raftkit/conformance"],
  "@raftkit/kv": ["@raftkit/core", "@raftkit/conformance"],
  "@raftkit/opentelemetry": [
    "raftkit",
    "@raftkit/codec-json",
    "@raftkit/storage-memory",
    "@raftkit/transport-memory",
  ],
  "@raftkit/sessions": [
    "@raftkit/core",
    "@raftkit/conformance",
    "raftkit",
    "@raftkit/codec-json",
    "@raftkit/storage-memory",
    "@raftkit/transport-memory",
  ],
  "@raftkit/linearizability": [],
  "@raftkit/conformance": ["@raftkit/core", "raftkit", "@raftkit/linearizability"],
  "@raftkit/simulation": [
    "@raftkit/core",
    "raftkit",
    "@raftkit/storage-file",
    "@raftkit/storage-memory",
    "@raftkit/transport-memory",
    "@raftkit/codec-json",
    "@raftkit/codec-msgpack",
    "@raftkit/kv",
    "@raftkit/sessions",
    "@raftkit/linearizability",
    "@raftkit/conformance",
  ],
  "@raftkit-app/bench": "any",
  "@raftkit-app/command-line": [],
  "@raftkit-app/server": "any",
  "@raftkit-app/docs": [],
  "@raftkit-app/examples": "any",
  "@raftkit-app/cluster": "any",
  "@raftkit-app/playground": [
    "@raftkit/core",
    "@raftkit/simulation",
    "@raftkit-app/views",
    "@raftkit-app/browser",
  ],
  "@raftkit-app/views": [],
  "@raftkit-app/browser": [],
  "@raftkit-app/dashboard": ["@raftkit-app/views"],
  "@raftkit-app/proof": "any",
};

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

const manifestOf = (project: string): Manifest =>
  JSON.parse(readFileSync(join(root, project, "package.json"), "utf8"));
const manifests = projects.map(manifestOf);
const names = new Set(manifests.map(({ name }) => name));
const within = ({ dependencies, devDependencies, peerDependencies }: Manifest): string[] =>
  Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies }).filter((name) =>
    names.has(name),
  );

function sourcesOf(project: string): string[] {
  return readdirSync(join(root, project, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join(project, "src", file));
}

/** Comments may speak of what code must not do. */
const codeOf = (file: string): string =>
  readFileSync(join(root, file), "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|\s)\/\/.*$/gm, "$1");

function found(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    codeOf(file)
      .split("\n")
      .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
}

const importsOf = (file: string): string[] =>
  [
    ...codeOf(file).matchAll(
      /^\s*(?:import|export)\b[^;"]*?\bfrom\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\s*\(\s*"([^"]+)"/gm,
    ),
  ].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? "");
const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

describe("the sources", () => {
  // The texts of mutants are no code of ours.
  const all = projects.flatMap(sourcesOf).filter((file) => !file.includes("/mutants/catalogue/"));

  test.each([
    ["a cast through unknown", /\bas\s+unknown\s+as\b/],
    ["any", /(:|<|\bas)\s*any\b/],
    ["a default export", /\bexport\s+default\b/],
  ])("hold no %s", (_, pattern) => {
    expect(found(all, pattern)).toEqual([]);
  });

  test("silence no check", () => {
    const silenced = all.filter((file) =>
      /\/[/*]\s*(@ts-|(ox|es)lint-disable)/.test(readFileSync(join(root, file), "utf8")),
    );
    expect(silenced).toEqual([]);
  });

  test("of core and raftkit reach no clock, no randomness and no platform by a side door", () => {
    const pure = ["packages/core", "packages/raftkit"].flatMap(sourcesOf);
    expect(
      found(
        pure,
        /\b(globalThis|window|self|global)\s*(\.|\[|\?\.)\s*["']?(Date|setTimeout|setInterval|setImmediate|performance|crypto|process|Buffer|Math)/,
      ).filter((place) => !place.startsWith("packages/raftkit/src/platform.ts")),
    ).toEqual([]);
    expect(
      pure.flatMap((file) =>
        importsOf(file)
          .filter((name) => name.startsWith("node:"))
          .map((name) => `${file}: ${name}`),
      ),
    ).toEqual([]);
  });

  test("of core import nothing but core", () => {
    const src = join(root, "packages/core/src");
    const outside = sourcesOf("packages/core").flatMap((file) =>
      importsOf(file)
        .filter(
          (name) =>
            !name.startsWith(".") ||
            relative(src, resolve(dirname(join(root, file)), name)).startsWith(".."),
        )
        .map((name) => `${file}: ${name}`),
    );
    expect(outside).toEqual([]);
  });

  test("import only packages that their own package.json names, and none by a path into another project", () => {
    const wrong = projects.flatMap((project) => {
      const manifest = manifestOf(project);
      const declared = new Set([
        manifest.name,
        ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
      ]);
      return sourcesOf(project).flatMap((file) =>
        importsOf(file)
          .filter((name) =>
            name.startsWith(".")
              ? relative(
                  join(root, project, "src"),
                  resolve(dirname(join(root, file)), name),
                ).startsWith("..")
              : !name.startsWith("node:") && !declared.has(packageOf(name)),
          )
          .map((name) => `${file}: ${name}`),
      );
    });
    expect(wrong).toEqual([]);
  });
});

describe("the map of packages", () => {
  test.each(manifests.map((manifest) => [manifest.name, manifest] as const))(
    "%s uses only what the design lets it",
    (name, manifest) => {
      const allowed = map[name];
      expect(allowed, `${name} is not in the design's table`).toBeDefined();
      expect(
        within(manifest).filter((other) => allowed !== "any" && !allowed?.includes(other)),
      ).toEqual([]);
    },
  );

  test("has no cycle, devDependencies counted", () => {
    const uses = new Map(manifests.map((manifest) => [manifest.name, within(manifest)]));
    const cycles: string[] = [];
    const visit = (name: string, path: readonly string[]): void => {
      if (path.includes(name)) cycles.push([...path.slice(path.indexOf(name)), name].join(" -> "));
      else for (const other of uses.get(name) ?? []) visit(other, [...path, name]);
    };
    for (const name of uses.keys()) visit(name, []);
    expect(cycles).toEqual([]);
  });

  test("lets a published package depend on no private one", () => {
    const hidden = new Set([
      "@raftkit-app/bench",
      "@raftkit-app/browser",
      "@raftkit-app/cluster",
      "@raftkit-app/command-line",
      "@raftkit-app/docs",
      "@raftkit-app/dashboard",
      "@raftkit-app/examples",
      "@raftkit-app/playground",
      "@raftkit-app/proof",
      "@raftkit-app/server",
      "@raftkit-app/views",
    ]);
    expect(
      manifests
        .filter(({ name }) => !hidden.has(name))
        .flatMap((manifest) => within(manifest).filter((name) => hidden.has(name))),
    ).toEqual([]);
  });
});

test("the scripts' project waits for every project whose sources it takes types from", () => {
  const taken = readdirSync(join(root, "scripts"), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(mjs|ts)$/.test(file))
    .flatMap((file) => [
      ...readFileSync(join(root, "scripts", file), "utf8").matchAll(
        /(?:import\(|from )"(?:\.\.\/)+((?:packages|apps)\/[a-z-]+)\/src\//g,
      ),
    ])
    .map(([, project]) => project);
  const { references }: { references: readonly { readonly path: string }[] } = JSON.parse(
    readFileSync(join(root, "scripts/tsconfig.json"), "utf8"),
  );
  expect(taken).not.toEqual([]);
  expect(references.map(({ path }) => path.replace("../", ""))).toEqual([...new Set(taken)]);
});

test("lock files name no place to download from", () => {
  const files = ["pnpm-lock.yaml", "apps/bench/peers/javascript/package-lock.json"];
  const found = files.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .filter((line) => /"resolved": "http|\btarball:|registry\./.test(line)),
  );
  expect(found).toEqual([]);
});
