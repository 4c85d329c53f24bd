// Every block of code in the guides is a file that is compiled and run, or a part of one, word for
// word; commands name what there is. UPDATE_DOCS=1 copies the files into the pages.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { blocksIn, filled } from "../src/blocks.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const pages = readdirSync(join(root, "docs/guide"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/guide/${name}`);

/** What the tests of the examples run: their own files, and all that those import. */
function tested(): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    for (const [, path = ""] of read(file).matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      visit(join(dirname(file), path.replace(/\.js$/, ".ts")));
    }
  };
  for (const name of readdirSync(join(root, "apps/examples/test"))) {
    if (/\.(test|proof)\.ts$/.test(name)) visit(`apps/examples/test/${name}`);
  }
  return found;
}

/** Why a command wouldn't work; undefined: it would. */
function wrongWith(line: string): string | undefined {
  const [program = "", ...args] = line.split(/\s+/);
  const [first = ""] = args;
  const scripts: Record<string, string> = JSON.parse(read("package.json")).scripts;
  const server = read("apps/server/README.md");
  switch (program) {
    case "npm":
      if (first === "install") return args.slice(1).find((name) => !isKnownPackage(name));
      return (first === "run" ? (args[1] ?? "") : first) in scripts ? undefined : "no such script";
    case "npx":
      return /^(vitest run|--no-install raftkit-conformance (log-storage|transport|codec|state-machine) )/.test(
        args.join(" "),
      )
        ? undefined
        : "not a command that the guides may use";
    case "node": {
      const source = first.replace("/dist/", "/src/").replace(/\.js$/, ".ts");
      if (!existsSync(join(root, source))) return `${source} doesn't exist`;
      const readme = first.startsWith("apps/server/") ? server : read("apps/cluster/README.md");
      return args.slice(1).find((arg) => /^(--)?[a-z-]{3,}$/.test(arg) && !readme.includes(arg));
    }
    case "curl": {
      const path = /https?:\/\/127\.0\.0\.1:\d+(\/[^'"\s?]*)/.exec(line)?.[1] ?? "";
      return server.includes(path) && path.length > 1 ? undefined : `${path}: no such path`;
    }
    case "mkdir":
    case "cd":
      return undefined;
    default:
      return `${program}: not a command that the guides may use`;
  }
}

function isKnownPackage(name: string): boolean {
  if (name === "--save-dev" || name.endsWith(".tgz")) return true;
  const folder = name === "raftkit" ? name : name.replace(/^@raftkit\//, "");
  if (name.includes("raftkit")) return existsSync(join(root, "packages", folder, "package.json"));
  return new RegExp(`^  "?${name}"?: `, "m").test(read("pnpm-workspace.yaml"));
}

describe.each(pages)("%s", (page) => {
  const text = read(page);

  test("shows whole files as they are now", () => {
    const now = filled(root, text);
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(join(root, page), now);
    else expect(text, "UPDATE_DOCS=1 npx vitest run --project apps/docs mends it").toBe(now);
  });

  test("shows only code that is compiled and run, and commands that there are", () => {
    const run = tested();
    const wrong = blocksIn(filled(root, text)).flatMap(({ language, source, code }) => {
      if (language === "sh") {
        const lines = code.split("\n").map((line) => line.replace(/\s+#.*$/, "").trim());
        return lines.flatMap((line) => (line === "" ? [] : (wrongWith(line) ?? [])));
      }
      if (language !== "ts" || source === undefined) return [`a block of "${language}": ${code}`];
      if (!run.has(source.path)) return [`${source.path} is run by no test of the examples`];
      return read(source.path).includes(code) ? [] : [`not in ${source.path}: ${code}`];
    });
    expect(wrong).toEqual([]);
  });
});

test("the guides have code", () => {
  expect(pages.flatMap((page) => blocksIn(read(page))).length).toBeGreaterThan(15);
});
