// No link of a page leads nowhere: neither to a file, nor to a heading, nor out of the site. What
// lies elsewhere is only checked for its form, since tests use no network.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { hrefOf, pageOf, slugOf, targetOf } from "../src/pages.js";
import { sidebar } from "../src/sidebar.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const files = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  ...["packages", "apps"].flatMap((parent) =>
    readdirSync(join(root, parent))
      .map((name) => `${parent}/${name}/README.md`)
      .filter((file) => existsSync(join(root, file))),
  ),
];

/** Without what is code: there, brackets are no links. */
function proseOf(file: string): string {
  return readFileSync(join(root, file), "utf8")
    .replaceAll(/^```[\s\S]*?^```$/gm, "")
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()<>*_]/g, ""));
}

function anchorsOf(file: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of proseOf(file).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = slugOf(heading.replaceAll(/[`*]|\]\([^)]*\)/g, "").replaceAll("[", ""));
    let [anchor, times] = [slug, 0];
    while (anchors.has(anchor)) anchor = `${slug}-${++times}`;
    anchors.add(anchor);
  }
  return anchors;
}

function problem(from: string, link: string): string | undefined {
  const { file, anchor } = targetOf(root, from, link);
  if (file === undefined) {
    const [, own] = /^https:\/\/www\.npmjs\.com\/package\/(?:@raftkit\/([\w-]+))$/.exec(link) ?? [];
    if (own !== undefined) {
      return existsSync(join(root, "packages", own)) ? undefined : "no package of ours";
    }
    return URL.canParse(link) && /^(https?|mailto):/.test(link) ? undefined : "no address";
  }
  if (!existsSync(join(root, file))) return `${file} doesn't exist`;
  if (anchor === "" || !file.endsWith(".md")) return undefined;
  return anchorsOf(file).has(anchor) ? undefined : `${file} has no heading for #${anchor}`;
}

describe.each(files)("%s", (file) => {
  test("has no dead link", () => {
    const links = [...proseOf(file).matchAll(/\]\(([^()\s]+(?:\([^()]*\)[^()\s]*)?)\)/g)];
    const dead = links.flatMap(([, link = ""]) => {
      const wrong = problem(file, link);
      return wrong === undefined ? [] : [`${link}: ${wrong}`];
    });
    expect(dead).toEqual([]);
  });
});

test("links between files become links between pages", () => {
  expect(hrefOf(root, "docs/guide/raft.md", "embed.md#a-lock")).toBe("/guide/embed.md#a-lock");
  expect(hrefOf(root, "README.md", "packages/core")).toBe("/packages/core.md");
  expect(hrefOf(root, "docs/architecture.md", "decisions/README.md")).toBe("/decisions/index.md");
  expect(hrefOf(root, "packages/core/README.md", "src/protocol")).toBe(
    "https://github.com/raftkit/raftkit/blob/main/packages/core/src/protocol",
  );
  expect(hrefOf(root, "README.md", "https://example.org/")).toBe("https://example.org/");
});

test("the table of contents has every page but programs and single decisions, and nothing else", () => {
  const linked = sidebar.flatMap(({ items }) => items.map(({ link }) => link));
  const pages = files.map((file) => `/${pageOf(file)?.replace(/(index)?\.md$/, "") ?? ""}`);
  expect(linked.filter((page) => !pages.includes(page))).toEqual([]);
  const may = /^\/$|^\/apps\/|^\/decisions\/\d/;
  expect(pages.filter((page) => !linked.includes(page) && !may.test(page))).toEqual([]);
});
