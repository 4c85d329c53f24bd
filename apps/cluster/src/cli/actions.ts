// What a command line can ask for; carried out by main.ts.
import type { ChaosOptions } from "../chaos/options.js";
import type { UpOptions } from "../supervisor/up-options.js";

/** How a command that answers with data prints it. */
export interface Output {
  readonly json: boolean;
}

export interface Actions {
  up(options: UpOptions): void | Promise<void>;
  status(httpBase: number, output: Output): void | Promise<void>;
  kill(node: string, httpBase: number): void | Promise<void>;
  restart(node: string, httpBase: number): void | Promise<void>;
  snapshot(node: string, httpBase: number, output: Output): void | Promise<void>;
  /** @param node null: the node with the most complete log */
  transfer(node: string | null, httpBase: number, output: Output): void | Promise<void>;
  rollingRestart(httpBase: number): void | Promise<void>;
  add(httpBase: number): void | Promise<void>;
  remove(node: string, httpBase: number): void | Promise<void>;
  replace(node: string, httpBase: number): void | Promise<void>;
  wipe(node: string, httpBase: number): void | Promise<void>;
  chaos(options: ChaosOptions): void | Promise<void>;
  verify(path: string, output: Output): void | Promise<void>;
}
