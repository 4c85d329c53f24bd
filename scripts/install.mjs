// Installs with the pinned pnpm, and only when something changed since the last time: a second
// start needs no network. The pnpm that installs comes from npx, never from node_modules, which an
// installation may have to replace.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { runQuietly, statusText } from "./processes.mjs";

const stamp = "node_modules/.installed";

/**
 * What can't be done says so in one line.
 * @param {string} packageManager name and version, as `pnpm@10.34.9`
 * @returns {Promise<string | undefined>} why it failed; undefined: everything is there
 */
export async function install(packageManager) {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint()) return undefined;
  try {
    // Whoever is interrupted from here on installs again the next time.
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, "");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return (
      `${resolve("node_modules")} can't be written (${why}), and it isn't what this Node ` +
      `(${process.version}) and these package.json files need: make the folder writable, ` +
      "or use a copy of it"
    );
  }
  const [, version = packageManager] = packageManager.split("@");
  const asked = await runQuietly(`fetching pnpm ${version}, which installs the rest`, [
    "npx",
    "--yes",
    "--prefer-offline",
    // Under a name of its own: what npx finds in node_modules by its name it takes from there.
    `--package=installer@npm:${packageManager}`,
    "--call",
    "node -p process.env.PATH",
  ]);
  if (asked.status !== 0) {
    return (
      `npx could not fetch ${packageManager}: it ${statusText(asked.status)}; the first ` +
      "installation needs a package registry that answers (npm config get registry)"
    );
  }
  const path = asked.output.trim().split("\n").at(-1) ?? "";
  if (!path.split(delimiter).some((folder) => existsSync(join(folder, "pnpm")))) {
    return (
      "npx installed no pnpm: its download was probably cut short; delete " +
      `${path.split(delimiter)[0]?.replace(/\/node_modules\/\.bin$/, "")} and try again`
    );
  }
  const command = ["pnpm", "install", "--frozen-lockfile", "--prefer-offline"];
  const { status } = await runQuietly(
    "installing dependencies (only now, and when they change)",
    [...command, "--reporter=append-only"],
    { env: { ...process.env, PATH: path }, detailOf: packagesDone },
  );
  if (status !== 0) {
    return (
      `pnpm install ${statusText(status)}, the reason is above; what was installed already ` +
      "is kept for the next try"
    );
  }
  writeFileSync(stamp, fingerprint());
  return undefined;
}

/** @param {string} text what pnpm wrote @returns {string | undefined} */
function packagesDone(text) {
  const [, resolved, reused, downloaded] =
    [...text.matchAll(/Progress: resolved (\d+), reused (\d+), downloaded (\d+)/g)].at(-1) ?? [];
  return resolved === undefined
    ? undefined
    : `${Number(reused) + Number(downloaded)} of ${resolved} packages`;
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
