// Programs that others wrote, and that are measured or measure here.
import { execFile, spawnSync } from "node:child_process";

export interface Program {
  readonly name: string;
  readonly versionFlag: string;
  /** Of Debian. */
  readonly packageName: string;
}

export const PROGRAMS = {
  etcd: { name: "etcd", versionFlag: "--version", packageName: "etcd-server" },
  go: { name: "go", versionFlag: "version", packageName: "golang-go" },
  h2load: { name: "h2load", versionFlag: "--version", packageName: "nghttp2-client" },
  redisBenchmark: {
    name: "redis-benchmark",
    versionFlag: "--version",
    packageName: "redis-tools",
  },
  strace: { name: "strace", versionFlag: "--version", packageName: "strace" },
} as const satisfies Record<string, Program>;

/** @returns the first line that it prints of its version; undefined: it isn't installed */
export function versionOf({ name, versionFlag }: Program): string | undefined {
  const { status, stdout } = spawnSync(name, [versionFlag], { encoding: "utf8" });
  return status === 0 ? stdout.split("\n")[0]?.trim() : undefined;
}

/** @param without what becomes of the measurement */
export function missing({ name, packageName }: Program, without: string): string {
  return `${name} isn't installed (on Debian: apt-get install ${packageName}): ${without}`;
}

/** @returns what it printed. @throws it failed; the message has the end of what it said */
export function runProgram(program: Program, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 } as const;
    const child = execFile(program.name, args, options, (error, stdout, stderr) => {
      process.off("exit", onExit);
      if (!error) return resolve(stdout);
      const said = `${stderr}\n${stdout}`.trim().slice(-500);
      reject(new Error(`${program.name} ${args.join(" ")} failed: ${said || error.message}`));
    });
    const onExit = (): void => void child.kill("SIGKILL");
    process.once("exit", onExit);
  });
}
