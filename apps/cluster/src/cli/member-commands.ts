// `add`, `remove`, `replace` and `wipe`: the commands that change the members.
import type { Command } from "commander";
import type { Actions } from "./actions.js";
import { explain, nodeArgument } from "./options.js";
import { httpBaseOption } from "./up-command.js";

interface ControlOptions {
  readonly httpBase: number;
}

const EXIT_CODES =
  "0 done; 1 it was refused, or may still happen: the message says which; 2 wrong options.";

export function addMembers(root: Command, actions: Actions): void {
  const add = root
    .command("add")
    .description("Start one more node; it votes once it has caught up.")
    .addOption(httpBaseOption())
    .action(({ httpBase }: ControlOptions) => actions.add(httpBase));
  explain(add, [""], EXIT_CODES);
  const descriptions = {
    remove: "Remove a node from the cluster; its process is stopped and its data deleted.",
    replace: "Replace a node, whether it is running or not, with a new one.",
    wipe: "Kill a node, delete its data, and let it rejoin with an empty directory.",
  } as const;
  for (const name of ["remove", "replace", "wipe"] as const) {
    const command = root
      .command(name)
      .description(descriptions[name])
      .addArgument(nodeArgument("<node>", 'its number, its id or "leader"'))
      .addOption(httpBaseOption())
      .action((node: string, { httpBase }: ControlOptions) => actions[name](node, httpBase));
    explain(command, ["2", "leader"], EXIT_CODES);
  }
}
