// Proves the published packages as their users get them: packs each, checks the tarballs, and uses
// them all in an empty project outside the workspace. Ends with `N proven, N failed`.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { proveConsumer } from "./consumer.js";
import { createReport } from "./report.js";
import { packAll, publicPackages } from "./tarballs.js";

export interface PackagesOptions {
  /** Check the tarballs, run nothing from them. */
  readonly checkOnly: boolean;
  /** An empty folder outside the workspace in which everything stays. */
  readonly keep: string | undefined;
}

/** @param root the repository, built @returns whether everything held */
export async function provePackages(
  root: string,
  { checkOnly, keep }: PackagesOptions,
): Promise<boolean> {
  const project = keep ?? realpathSync(mkdtempSync(join(tmpdir(), "raftkit-packages-")));
  const remove = (): void => rmSync(project, { recursive: true, force: true });
  if (keep === undefined) process.once("exit", remove); // a signal ends the process on the way
  try {
    const report = createReport();
    const packages = publicPackages(root, project);
    await packAll(root, project, packages, report);
    if (!checkOnly) await proveConsumer({ root, project, packages, report });
    if (keep !== undefined) {
      console.log(`kept in ${project}: the tarballs and the project that uses them`);
    }
    const { proven, failed } = report.counts;
    console.log(`${proven} proven, ${failed} failed`);
    return failed === 0 && proven > 0;
  } finally {
    if (keep === undefined) {
      remove();
      process.off("exit", remove);
    }
  }
}
