// `status`, `kill`, `restart` and `snapshot`: the commands that talk to a cluster which runs elsewhere.
import { Argument } from "commander";
import type { Command } from "commander";
import type { Actions } from "./actions.js";
import { explain } from "./options.js";
import { httpBaseOption } from "./up-command.js";

interface ControlOptions {
  readonly httpBase: number;
}

export function addControl(root: Command, actions: Actions): void {
  const status = root
    .command("status")
    .description("Show the status of each node of a running cluster.")
    .addOption(httpBaseOption())
    .action(({ httpBase }: ControlOptions) => actions.status(httpBase));
  explain(status, [""], "0 done; 1 no cluster answered; 2 wrong options.");
  const node = (): Argument => new Argument("<node>", 'its number, its id or "leader"');
  const kill = root
    .command("kill")
    .description("Kill a node with SIGKILL.")
    .addArgument(node())
    .addOption(httpBaseOption())
    .action((name: string, { httpBase }: ControlOptions) => actions.kill(name, httpBase));
  explain(
    kill,
    ["leader", "2"],
    "0 it has ended; 1 the cluster refused, or didn't answer; 2 wrong options.",
  );
  const restart = root
    .command("restart")
    .description("Restart a node with its data; a running node is stopped first.")
    .addArgument(node())
    .addOption(httpBaseOption())
    .action((name: string, { httpBase }: ControlOptions) => actions.restart(name, httpBase));
  const snapshot = root
    .command("snapshot")
    .description("Make a node take a snapshot of its state and compact its log.")
    .addArgument(node())
    .addOption(httpBaseOption())
    .action((name: string, { httpBase }: ControlOptions) => actions.snapshot(name, httpBase));
  explain(
    snapshot,
    ["1", "leader"],
    "0 it is saved; 1 the node refused, or didn't answer; 2 wrong options.",
  );
  explain(restart, ["2"], "0 it serves; 1 the cluster refused, or didn't answer; 2 wrong options.");
}
