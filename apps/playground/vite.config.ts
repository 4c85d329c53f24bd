// How the page is built, and served on this machine. It takes the packages' sources, so that what
// is shown is never an old build.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL("src", import.meta.url)),
  base: "./",
  resolve: { conditions: ["@raftkit/source", "module", "browser", "development|production"] },
  build: {
    outDir: "../dist/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
  },
  server: { host: "127.0.0.1" },
  preview: { host: "127.0.0.1", port: 8090 },
});
