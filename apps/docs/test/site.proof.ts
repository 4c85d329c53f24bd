// The site as it is built: every page is there, its links lead to pages and headings of it, and it
// loads nothing from elsewhere.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { sidebar } from "../src/sidebar.js";

const app = fileURLToPath(new URL("..", import.meta.url));
const site = join(app, "dist");
const root = join(app, "../..");

function run(tool: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(app, "node_modules", tool), ...args],
    { cwd: root, encoding: "utf8", timeout: 500_000 },
  );
  expect(status, `${stdout}${stderr}`).toBe(0);
}

beforeAll(() => {
  run("typedoc/bin/typedoc", "--options", "apps/docs/typedoc.json");
  run("vitepress/bin/vitepress.js", "build", "apps/docs");
}, 1_000_000);

const htmlOf = (page: string): string => readFileSync(join(site, page), "utf8");
const pages = (): readonly string[] =>
  readdirSync(site, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".html"));

/** The file that a link of the site leads to. */
function fileAt(page: string, link: string): string {
  const path = link.startsWith("/") ? link : join("/", dirname(page), link);
  if (path.endsWith("/")) return `${path}index.html`;
  return /\.\w+$/.test(path) ? path : `${path}.html`;
}

test("has every page of the table of contents, and a reference for each package", () => {
  for (const { link } of sidebar.flatMap(({ items }) => items)) {
    expect(existsSync(join(site, fileAt("", link))), link).toBe(true);
  }
  const packages = readdirSync(join(root, "packages"));
  for (const name of packages) {
    expect(pages().some((page) => page.startsWith("api/") && page.includes(name))).toBe(true);
  }
});

test("has no dead link inside", () => {
  const dead = pages().flatMap((page) =>
    [...htmlOf(page).matchAll(/<a [^>]*href="([^"#:]*)(?:#([^"]*))?"/g)].flatMap(
      ([, link = "", anchor]) => {
        const file = link === "" ? `/${page}` : fileAt(page, decodeURI(link));
        if (!existsSync(join(site, file))) return [`${page}: ${link}`];
        if (anchor === undefined || anchor === "" || !file.endsWith(".html")) return [];
        const isThere = htmlOf(file).includes(`id="${decodeURIComponent(anchor)}"`);
        return isThere ? [] : [`${page}: ${link}#${anchor}`];
      },
    ),
  );
  expect([...new Set(dead)]).toEqual([]);
});

test("loads nothing from elsewhere", () => {
  const foreign = pages().flatMap((page) =>
    [
      ...htmlOf(page).matchAll(/<(?:script|img|link|iframe)[^>]*(?:src|href)="(https?:[^"]*)"/g),
    ].map(([, address]) => `${page}: ${address}`),
  );
  expect(foreign).toEqual([]);
});
