// One server process, from the side of who started it.
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { NODE_ENVIRONMENT, NODE_FLAGS } from "@raftkit-app/server/node-settings";
import type {
  AskedFor,
  BenchReport,
  ServerMessage,
  ServerQuestion,
  ServerSettings,
} from "./ipc.js";

const PROGRAM = fileURLToPath(new URL("server.js", import.meta.url));
const START_WAIT_MS = 120_000;
const STOP_WAIT_MS = 30_000;

type MessageOf<T extends ServerMessage["type"]> = Extract<ServerMessage, { readonly type: T }>;

interface Waiting {
  readonly resolve: (report: BenchReport) => void;
  readonly reject: (error: Error) => void;
}

export class BenchServer {
  readonly settings: ServerSettings;
  #child: ChildProcess | undefined;
  #questions = 0;
  readonly #waiting = new Map<number, Waiting>();
  #isTaking = false;
  #ready: Promise<number> = Promise.reject(new Error("the server was never started"));

  constructor(settings: ServerSettings) {
    this.settings = settings;
    this.#ready.catch(() => {});
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Undefined: it isn't running. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** It is taking a snapshot of its state. */
  get isTaking(): boolean {
    return this.#isTaking;
  }

  start(): void {
    const child = fork(PROGRAM, [JSON.stringify(this.settings)], {
      execArgv: [...process.execArgv, ...NODE_FLAGS],
      env: { ...NODE_ENVIRONMENT, ...process.env },
    });
    this.#child = child;
    const onExit = (): void => void child.kill("SIGKILL");
    // Before the data is removed: a living server makes files behind whoever removes them.
    process.prependOnceListener("exit", onExit);
    this.#ready = new Promise((resolve, reject) => {
      const { id } = this.settings;
      const late = setTimeout(
        () => reject(new Error(`server ${id} didn't listen within ${START_WAIT_MS} ms`)),
        START_WAIT_MS,
      );
      child.on("message", (message: ServerMessage) => {
        if (message.type !== "listening") return this.#receive(message);
        clearTimeout(late);
        resolve(message.openedMs);
      });
      child.once("exit", () => {
        process.off("exit", onExit);
        clearTimeout(late);
        const error = new Error(`server ${id} ended by itself; its message is above`);
        reject(error);
        if (this.#child === child) this.#onEnded(error);
      });
    });
    this.#ready.catch(() => {});
  }

  #receive(message: MessageOf<"taking"> | MessageOf<"report">): void {
    if (message.type === "taking") this.#isTaking = message.taking;
    else {
      this.#waiting.get(message.question)?.resolve(message.report);
      this.#waiting.delete(message.question);
    }
  }

  #onEnded(error: Error): void {
    this.#child = undefined;
    this.#isTaking = false;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /**
   * Its edge accepts connections.
   * @returns milliseconds from the start of the process to the open node
   */
  listening(): Promise<number> {
    return this.#ready;
  }

  ask(what: AskedFor = "report"): Promise<BenchReport> {
    return new Promise((resolve, reject) => {
      const question = ++this.#questions;
      this.#waiting.set(question, { resolve, reject });
      this.#send({ type: "ask", question, what });
    });
  }

  #send(message: ServerQuestion): void {
    const child = this.#child;
    if (child?.connected === true) child.send(message);
    else this.#onEnded(new Error(`server ${this.settings.id} isn't running`));
  }

  /** Ends the node in order, then the process. */
  async stop(): Promise<void> {
    await this.#end((child) => child.send({ type: "close" } satisfies ServerQuestion));
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    await this.#end((child) => void child.kill("SIGKILL"));
  }

  async #end(end: (child: ChildProcess) => void): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#onEnded(new Error(`server ${this.settings.id} was ended`));
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    end(child);
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_WAIT_MS);
    await exited;
    clearTimeout(late);
  }
}
