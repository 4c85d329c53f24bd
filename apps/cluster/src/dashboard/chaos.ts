// A chaos run on request, as a process of its own with a cluster of its own; its lines as they come,
// and its report.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ChaosView } from "@raftkit-app/dashboard";
import { REPORT_HTML } from "../chaos/out-directory.js";
import { ClusterError } from "../errors.js";

const LINES_MAX = 200;

export interface ChaosProgram {
  /** Node's arguments for a run. */
  readonly command: readonly string[];
  /** Where it leaves its report. */
  readonly out: string;
}

export class Chaos {
  readonly #program: ChaosProgram;
  readonly #onChange: () => void;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #view: ChaosView | null = null;

  constructor(program: ChaosProgram, onChange: () => void) {
    this.#program = program;
    this.#onChange = onChange;
  }

  /** The file of a run that is over. */
  get report(): string {
    return join(this.#program.out, REPORT_HTML);
  }

  get view(): ChaosView | null {
    return this.#view;
  }

  /** @throws {ClusterError} `IN_PROGRESS`: one is under way */
  start(seconds: number): void {
    if (this.#child) {
      throw new ClusterError("IN_PROGRESS", "a chaos run is under way; stop it first", {
        status: 409,
      });
    }
    const { command, out } = this.#program;
    const args = [...command, "--out", out, "--seconds", String(seconds)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#set({ state: "running", seconds, lines: [], hasReport: false });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#say(line));
    }
    child.once("error", ({ message }) => this.#say(message));
    this.#ended = new Promise((resolve) => {
      child.once("close", (code) => {
        this.#child = undefined;
        const wasStopped = this.#view?.state === "stopped";
        const state = wasStopped ? "stopped" : code === 0 ? "passed" : "failed";
        const hasReport = !wasStopped && existsSync(this.report);
        this.#set({ seconds, lines: this.#view?.lines ?? [], state, hasReport });
        resolve();
      });
    });
  }

  /** Resolves once it and its servers are gone. */
  async stop(): Promise<void> {
    if (this.#child && this.#view) {
      this.#set({ ...this.#view, state: "stopped" });
      this.#child.kill("SIGTERM");
    }
    await this.#ended;
  }

  #say(line: string): void {
    if (line === "" || !this.#view) return;
    this.#set({ ...this.#view, lines: [...this.#view.lines, line].slice(-LINES_MAX) });
  }

  #set(view: ChaosView): void {
    this.#view = view;
    this.#onChange();
  }
}
