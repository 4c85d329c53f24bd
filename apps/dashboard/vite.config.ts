// How the page is built. It takes the sources of what it shares with the playground, so that what is
// shown is never an old build.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL("src/page", import.meta.url)),
  base: "./",
  resolve: { conditions: ["@raftkit/source", "module", "browser", "development|production"] },
  build: {
    outDir: "../../dist/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // The policy lets nothing in but files.
    assetsInlineLimit: 0,
  },
});
