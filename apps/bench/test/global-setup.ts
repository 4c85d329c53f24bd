// Tests start the programs as processes, from `dist`: it must be what `src` says.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export function setup(): void {
  execFileSync(
    process.execPath,
    [`${root}/node_modules/typescript/bin/tsc`, "-b", `${root}/apps/bench`],
    { stdio: "inherit" },
  );
}
