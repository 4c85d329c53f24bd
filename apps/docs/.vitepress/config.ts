// The site: the pages of docs/ and the READMEs. It loads nothing from elsewhere, neither when it is
// built nor when it is read.
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import type { MarkdownRenderer } from "vitepress";
import { hrefOf, pageOf, REPOSITORY, slugOf } from "../src/pages.ts";
import { sidebar } from "../src/sidebar.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Links lead from file to file; on the site they lead from page to page. */
function linkPages(md: MarkdownRenderer): void {
  md.core.ruler.push("pages", ({ tokens, env }) => {
    const from = relative(root, String(env.realPath ?? env.path));
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === "link_open" ? token.attrGet("href") : null;
      if (href !== null && !href.startsWith("#")) token.attrSet("href", hrefOf(root, from, href));
    }
  });
}

export default defineConfig({
  title: "raftkit",
  description: "Raft consensus for TypeScript, as a kit",
  srcDir: "../..",
  srcExclude: ["**/CHANGELOG.md", ".changeset/**", "**/test/**", "**/peers/**", "**/*-report/**"],
  rewrites: (file) => pageOf(file) ?? file,
  outDir: "dist",
  cacheDir: "node_modules/.vitepress",
  cleanUrls: true,
  metaChunk: true,
  head: [
    ["link", { rel: "icon", href: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>" }],
  ],
  markdown: {
    config: linkPages,
    anchor: { slugify: slugOf },
    theme: { light: "github-light-high-contrast", dark: "github-dark" },
  },
  themeConfig: {
    nav: [
      { text: "Guide", link: "/guide/raft" },
      { text: "Packages", link: "/guide/packages" },
      { text: "API", link: "/api/" },
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: "local" },
    socialLinks: [{ icon: "github", link: REPOSITORY }],
    footer: { message: "MIT licence" },
  },
});
