// Removes what building and testing made. It never touches `data/`: that belongs to whoever ran the
// cluster.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import "./last-line.mjs";
import { join } from "node:path";

const root = fileURLToPath(new URL("..", import.meta.url));
const projects = ["packages", "apps"].flatMap((parent) =>
  readdirSync(join(root, parent)).map((name) => join(root, parent, name)),
);
const [extra] = process.argv.slice(2);
if (extra !== undefined) {
  console.error(`${extra}: it takes no options; nothing was removed`);
  process.exit(2);
}
const made = [
  "dist",
  ".turbo",
  "test/tsconfig.tsbuildinfo",
  "node_modules/.vite",
  "node_modules/.vitest",
];

for (const folder of [root, join(root, "scripts"), ...projects]) {
  for (const name of [...made, "tsconfig.tsbuildinfo", "node_modules/.cache"]) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    rmSync(path, { recursive: true });
    console.log(`removed ${path}`);
  }
}
