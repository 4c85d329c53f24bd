// A server process of either system: started, stopped by a signal, killed with the benchmark.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

const LAST_WORDS_CHARS = 2000;

export class MeasuredProcess {
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #words = "";

  /** @param environment what is added where it isn't set */
  constructor(
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.#command = command;
    this.#args = args;
    this.#environment = environment;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Undefined: it isn't running. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The end of its standard error. */
  get lastWords(): string {
    return this.#words.trim();
  }

  start(): void {
    const child = spawn(this.#command, this.#args, {
      env: { ...this.#environment, ...process.env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    this.#words = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#words = (this.#words + text).slice(-LAST_WORDS_CHARS);
    });
    const onExit = (): void => void child.kill("SIGKILL");
    // Before the data is removed: a live server would create files meanwhile.
    process.prependOnceListener("exit", onExit);
    this.#ended = new Promise((resolve) => {
      const over = (): void => {
        process.off("exit", onExit);
        if (this.#child === child) this.#child = undefined;
        resolve();
      };
      child.once("error", (error) => {
        this.#words = error.message;
        over();
      });
      child.once("close", over);
    });
  }

  /** Resolves once it has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal);
    await this.#ended;
  }
}
