// Where the other libraries are: outside the workspace, and installed when somebody asks for them,
// since nobody else needs what they bring along.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../peers/javascript", import.meta.url));

/** Requires from there. */
export function peers(): NodeJS.Require {
  return createRequire(join(FOLDER, "package.json"));
}

/**
 * Installs what isn't there yet, without running any of its scripts.
 * @throws npm couldn't; the message has the end of what it said
 */
export function installPeers(print: (line: string) => void): void {
  if (existsSync(join(FOLDER, "node_modules/.package-lock.json"))) return;
  print(`installing other libraries in ${FOLDER}`);
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  const { status, stderr, error } = spawnSync("npm", args, { cwd: FOLDER, encoding: "utf8" });
  if (status === 0) return;
  const why = error?.message ?? stderr.trim().slice(-500);
  throw new Error(`the other libraries can't be installed: npm ${args.join(" ")}: ${why}`);
}
