// Where a benchmark keeps its data: a new folder that is gone when the benchmark is, also when it
// was interrupted.
import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

export interface DataDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

/** @param parent an existing folder */
export async function makeDataDirectory(parent: string, name: string): Promise<DataDirectory> {
  const path = await mkdtemp(join(parent, `raftkit-${name}-`));
  // A server that is being killed may still make a file.
  const options = { recursive: true, force: true, maxRetries: 5 };
  const onExit = (): void => rmSync(path, options);
  process.once("exit", onExit);
  return {
    path,
    async remove() {
      await rm(path, options);
      process.off("exit", onExit);
    },
  };
}

/** What the files in a folder take; 0: it isn't there. Files may come and go meanwhile. */
export async function bytesIn(directory: string): Promise<number> {
  const missing = (error: unknown): undefined => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  };
  const entries = await readdir(directory, { withFileTypes: true }).catch(missing);
  const sizes = (entries ?? []).map(async (entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return bytesIn(path);
    return (await stat(path).catch(missing))?.size ?? 0;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
