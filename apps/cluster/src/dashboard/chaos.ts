// A chaos run on request, as a process of its own with a cluster of its own; its lines as they come.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { ChaosView } from "@raftkit-app/dashboard";
import { ClusterError } from "../errors.js";

const LINES_MAX = 200;

export class Chaos {
  readonly #command: readonly string[];
  readonly #onChange: () => void;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #view: ChaosView | null = null;

  /** @param command Node's arguments for a run that leaves its report where it belongs */
  constructor(command: readonly string[], onChange: () => void) {
    this.#command = command;
    this.#onChange = onChange;
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
    const args = [...this.#command, "--seconds", String(seconds)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#set({ state: "running", seconds, lines: [] });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#say(line));
    }
    child.once("error", ({ message }) => this.#say(message));
    this.#ended = new Promise((resolve) => {
      child.once("close", (code) => {
        this.#child = undefined;
        const wasStopped = this.#view?.state === "stopped";
        const state = wasStopped ? "stopped" : code === 0 ? "passed" : "failed";
        this.#set({ seconds, lines: this.#view?.lines ?? [], state });
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
