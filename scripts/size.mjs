// How large the packages are for their users: each is bundled with all that it depends on, minified
// and compressed, and held against its limit in scripts/size-limits.json.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import "./last-line.mjs";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
/** @type {Record<string, number>} in bytes */
const limits = JSON.parse(readFileSync(new URL("size-limits.json", import.meta.url), "utf8"));
const [extra] = process.argv.slice(2);
if (extra !== undefined) {
  console.error(`${extra}: it takes no options; nothing was measured`);
  process.exit(2);
}

/** @param {string} name @returns {Promise<number>} bytes, compressed */
async function sizeOf(name) {
  const built = await build({
    root: `${root}/packages/${name}`,
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@raftkit/source", "node", "import"] },
    build: {
      write: false,
      minify: true,
      target: "es2022",
      lib: { entry: "src/index.ts", formats: ["es"] },
      rollupOptions: { external: [/^node:/, /^@opentelemetry\//] },
    },
  });
  const output = (Array.isArray(built) ? built : [built]).flatMap((one) =>
    "output" in one ? one.output : [],
  );
  const code = output.map((one) => ("code" in one ? one.code : "")).join("");
  if (code === "") throw new Error(`nothing came out of packages/${name}`);
  return gzipSync(code, { level: 9 }).length;
}

let tooLarge = 0;
for (const [name, limit] of Object.entries(limits)) {
  const bytes = await sizeOf(name);
  const isTooLarge = bytes > limit;
  tooLarge += Number(isTooLarge);
  const kb = (bytes / 1000).toFixed(1);
  console.log(
    `${name.padEnd(18)}${kb.padStart(7)} kB of ${limit / 1000}${isTooLarge ? "  TOO LARGE" : ""}`,
  );
}
console.log(`${Object.keys(limits).length} packages, ${tooLarge} too large`);
process.exitCode = tooLarge === 0 ? 0 : 1;
