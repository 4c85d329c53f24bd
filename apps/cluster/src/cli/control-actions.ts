// What the commands for a running cluster do: they ask its control API, and print what came of it.
import type { Paint } from "@raftkit-app/command-line";
import { ClusterError } from "../errors.js";
import type { Actions, Output } from "./actions.js";
import {
  changeMembers,
  changeNode,
  listNodes,
  restartAll,
  statusTable,
  takeSnapshot,
  transferLeadership,
} from "./control-client.js";
import { commandLine } from "./hints.js";

export interface ControlContext {
  /** How a user calls this program, for lines to paste. */
  readonly program: string;
  /** Without the end of the line. */
  readonly print: (line: string) => void;
  readonly paint: Paint;
}

export type ControlActions = Omit<Actions, "up" | "chaos" | "verify">;

export function createControlActions({ program, print, paint }: ControlContext): ControlActions {
  const printJson = (value: object): void => print(JSON.stringify(value, undefined, 2));

  /** A line for each thing that happens, and at last how it ended. */
  async function members(
    action: "add" | "remove" | "replace" | "wipe",
    node: string | null,
    httpBase: number,
  ): Promise<void> {
    const beganAt = performance.now();
    const done = await changeMembers(httpBase, node, action, (line) => print(`  ${line}`));
    print(`${done} (${((performance.now() - beganAt) / 1000).toFixed(1)} s)`);
  }

  return {
    async status(httpBase, { json }: Output) {
      const nodes = await listNodes(httpBase);
      if (json) printJson({ nodes });
      else print(statusTable(nodes, paint));
    },
    /** The last line of the answer can be pasted. */
    async kill(node, httpBase) {
      const again = (name: string | number): string =>
        `start it again:\n${commandLine(program, `restart ${name}`, httpBase)}`;
      try {
        const { id, number } = await changeNode(httpBase, node, "kill");
        print(`${id} is killed; ${again(number)}`);
      } catch (error) {
        if (!(error instanceof ClusterError) || error.code !== "NOT_RUNNING") throw error;
        throw new ClusterError("NOT_RUNNING", `${error.message}; ${again(node)}`, { cause: error });
      }
    },
    async restart(node, httpBase) {
      const { id, pid } = await changeNode(httpBase, node, "restart");
      print(`${id} is running again, process ${pid}`);
    },
    async snapshot(node, httpBase, { json }: Output) {
      const { id, index, bytes } = await takeSnapshot(httpBase, node);
      if (json) printJson({ id, index, bytes });
      else print(`${id} has saved a snapshot at index ${index}, ${bytes} bytes`);
    },
    async transfer(node, httpBase, { json }: Output) {
      const beganAt = performance.now();
      const { leaderId, term } = await transferLeadership(httpBase, node);
      const tookMs = Math.round(performance.now() - beganAt);
      if (json) printJson({ leaderId, term, tookMs });
      else print(`${leaderId} leads in term ${term}, after ${tookMs} ms`);
    },
    rollingRestart: async (httpBase) => print(await restartAll(httpBase, print)),
    add: (httpBase) => members("add", null, httpBase),
    remove: (node, httpBase) => members("remove", node, httpBase),
    replace: (node, httpBase) => members("replace", node, httpBase),
    wipe: (node, httpBase) => members("wipe", node, httpBase),
  };
}
