// Tests that a page of docs/ names, as `file › describe › test` with each title as it is printed:
// whether the sources have them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

/** Titles that come from data: of which test files, and where the data are. */
const titlesFromData: readonly (readonly [file: RegExp, folder: string])[] = [
  [/^apps\/proof\/test\/rules\.test\.ts$/, "apps/proof/src/rules"],
  [/\/conformance\.test\.ts$/, "packages/conformance/src"],
];

export function isInSources(name: string): boolean {
  const [file = "", ...titles] = name.split(" › ");
  if (!existsSync(join(root, file))) return false;
  const own = titlePatternsIn(file);
  return titles.every((title) => {
    if (own.some((pattern) => pattern.test(title))) return true;
    if (file.endsWith("/goldens.test.ts")) {
      return existsSync(join(root, dirname(file), `goldens/${title.replaceAll(" ", "-")}.txt`));
    }
    const folder = titlesFromData.find(([pattern]) => pattern.test(file))?.[1];
    if (folder === undefined) return false;
    // As `R07 an election is won`: the number and the title are texts of their own.
    const [, id = "", rest = ""] = /^(\S+) (.*)$/.exec(title) ?? [];
    const data = titlePatternsIn(folder);
    return [id, rest].every((part) => data.some((pattern) => pattern.test(part)));
  });
}

const read = new Map<string, readonly RegExp[]>();

/** Every text in the sources, with what is filled in later (`%s`, `$name`, `${…}`) left open. */
function titlePatternsIn(fileOrFolder: string): readonly RegExp[] {
  const earlier = read.get(fileOrFolder);
  if (earlier) return earlier;
  const path = join(root, fileOrFolder);
  const sources = fileOrFolder.endsWith(".ts")
    ? [path]
    : readdirSync(path, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .map((file) => join(path, file));
  const texts = sources.flatMap((source) => [
    ...readFileSync(source, "utf8").matchAll(/"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`/gs),
  ]);
  const patterns = texts.flatMap(([, plain, template]) => {
    const fixed = (plain ?? template ?? "")
      .replace(/\\(.)/gs, "$1")
      .split(/\$\{[^}]*\}|%[sdifjoO]|\$[\w.]+/)
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return fixed.join("").trim() === "" ? [] : [new RegExp(`^${fixed.join(".*")}$`, "s")];
  });
  read.set(fileOrFolder, patterns);
  return patterns;
}
