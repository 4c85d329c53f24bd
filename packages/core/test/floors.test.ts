// The house's floors: a file of core imports from its own floor or from one below, types counted,
// and no files import each other in a circle. So whoever reads a floor needs nothing from above it.
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** From the ground up; a name with a slash is a folder. Whatever is on no floor is refused. */
const FLOORS = [
  ["types", "errors", "members"],
  ["ports/"],
  ["options", "option-shapes"],
  ["protocol/"],
  ["encoding/"],
  ["transport/"],
  ["log/"],
  ["quorum/"],
  ["state/"],
  ["operations/"],
  ["handlers/"],
  ["restore", "end-of-turn", "invariants"],
  ["raft"],
  ["index"],
];
/** Arithmetic and data: these import nothing of what they are used for. */
const ALONE = ["quorum/"];

type Sources = ReadonlyMap<string, string>;

function floorOf(file: string): number {
  return FLOORS.findIndex((floor) =>
    floor.some((place) => (place.endsWith("/") ? file.startsWith(place) : file === place)),
  );
}

/** Which files a source names in imports and exports, `import("...")` in types too. */
function importsOf(file: string, source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...code.matchAll(/\b(?:from\s*|import\s*\(?\s*)"([^"]+)"/g)].map(([, name = ""]) =>
    name.startsWith(".")
      ? posix.join(posix.dirname(file), name).replace(/\.js$/, "")
      : `outside: ${name}`,
  );
}

function brokenFloors(sources: Sources): string[] {
  return [...sources].flatMap(([file, source]) => {
    const floor = floorOf(file);
    if (floor < 0) return [`${file} is on no floor`];
    return importsOf(file, source)
      .filter((other) => {
        const isAlone = ALONE.some(
          (folder) => file.startsWith(folder) && !other.startsWith(folder),
        );
        return floorOf(other) < 0 || floorOf(other) > floor || isAlone;
      })
      .map((other) => `${file} imports ${other}`);
  });
}

function circles(sources: Sources): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    if (done.has(file) || path.includes(file)) return;
    for (const other of importsOf(file, sources.get(file) ?? "")) visit(other, [...path, file]);
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
  return found;
}

const src = fileURLToPath(new URL("../src/", import.meta.url));
const core: Sources = new Map(
  readdirSync(src, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => [file.replace(/\.ts$/, ""), readFileSync(`${src}${file}`, "utf8")]),
);

describe("core", () => {
  test("imports from its own floor or from below", () => expect(brokenFloors(core)).toEqual([]));

  test("has no circle of imports", () => expect(circles(core)).toEqual([]));

  test("has somebody on every floor", () => {
    const places = FLOORS.flat().filter(
      (place) => ![...core.keys()].some((file) => `${file}/`.startsWith(place)),
    );
    expect(places).toEqual([]);
  });
});

describe("the check of the floors", () => {
  const one = (file: string, source: string): Sources => new Map([[file, source]]);

  test.each([
    ["state/state", 'import type { Raft } from "../raft.js";', "state/state imports raft"],
    ["quorum/joint", 'import { Log } from "../log/log.js";', "quorum/joint imports log/log"],
    ["types", 'export * from "./ports/codec.js";', "types imports ports/codec"],
    ["log/log", 'type Role = import("../state/state.js").Role;', "log/log imports state/state"],
    ["log/log", 'import {\n  a,\n} from "zod";', "log/log imports outside: zod"],
    ["log/log", 'import "../restore.js";', "log/log imports restore"],
    ["helpers", "", "helpers is on no floor"],
  ])("refuses that %s holds %s", (file, source, complaint) => {
    expect(brokenFloors(one(file, source))).toEqual([complaint]);
  });

  test("lets comments speak of other floors", () => {
    expect(brokenFloors(one("log/log", '// import { Raft } from "../raft.js";\n'))).toEqual([]);
  });

  test("finds circles of any length", () => {
    const sources = new Map([
      ["log/a", 'import type { B } from "./b.js";'],
      ["log/b", 'import { c } from "./c.js";'],
      ["log/c", 'export * from "./a.js";'],
      ["log/d", 'import { a } from "./a.js";'],
    ]);
    expect(circles(sources)).toEqual(["log/a -> log/b -> log/c -> log/a"]);
  });
});
