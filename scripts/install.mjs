// Installs with the pinned pnpm, and only when something changed since the last time: a second
// start needs no network. The pnpm that installs comes from npx, never from node_modules, which an
// installation may have to replace.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { capture, run } from "./processes.mjs";

const stamp = "node_modules/.installed";

/**
 * @param {string} packageManager name and version, as `pnpm@10.34.9`
 * @returns {Promise<number>} an exit status
 */
export async function install(packageManager) {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint()) return 0;
  rmSync(stamp, { force: true });
  const asked = await capture([
    "npx",
    "--yes",
    "--prefer-offline",
    `--package=${packageManager}`,
    "--call",
    "node -p process.env.PATH",
  ]);
  if (asked.status !== 0) return asked.status;
  const path = asked.output.trim().split("\n").at(-1);
  const command = [
    "pnpm",
    "install",
    "--frozen-lockfile",
    "--prefer-offline",
    "--reporter=append-only",
    "--loglevel=warn",
  ];
  const status = await run(command, { env: { ...process.env, PATH: path } });
  if (status === 0) writeFileSync(stamp, fingerprint());
  return status;
}

/** Everything that an installation depends on, and whether its result is still there. */
function fingerprint() {
  const projects = ["packages", "apps"].flatMap((parent) =>
    existsSync(parent) ? readdirSync(parent).map((name) => `${parent}/${name}`) : [],
  );
  const hash = createHash("sha256").update(
    `${process.version} ${process.platform} ${process.arch}`,
  );
  for (const file of [
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "package.json",
    ...projects.map((project) => `${project}/package.json`),
  ]) {
    hash.update(`\n${file}\n`).update(existsSync(file) ? readFileSync(file) : "");
  }
  for (const project of projects) {
    hash.update(`\n${project} ${existsSync(`${project}/node_modules`)}`);
  }
  return hash.digest("hex");
}
