// The commands for a cluster in another process: `status`, `kill`, `restart`, `snapshot`,
// `transfer` and `rolling-restart`.
import type { Argument, Command } from "commander";
import type { Actions, Output } from "./actions.js";
import { explain, jsonOption, nodeArgument } from "./options.js";
import { httpBaseOption } from "./up-command.js";

interface ControlOptions {
  readonly httpBase: number;
}

export function addControl(root: Command, actions: Actions): void {
  const status = root
    .command("status")
    .description("Show the status of each node of a running cluster.")
    .addOption(httpBaseOption())
    .addOption(jsonOption())
    .action(({ httpBase, json }: ControlOptions & Output) => actions.status(httpBase, { json }));
  explain(status, ["", "--json"], "0 done; 1 no cluster answered; 2 wrong options.");
  const node = (): Argument => nodeArgument("<node>", 'its number, its id or "leader"');
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
    .addOption(jsonOption())
    .action((name: string, { httpBase, json }: ControlOptions & Output) =>
      actions.snapshot(name, httpBase, { json }),
    );
  explain(
    snapshot,
    ["1", "leader"],
    "0 it is saved; 1 the node refused, or didn't answer; 2 wrong options.",
  );
  explain(restart, ["2"], "0 it serves; 1 the cluster refused, or didn't answer; 2 wrong options.");
  addLeadership(root, actions);
}

function addLeadership(root: Command, actions: Actions): void {
  const transfer = root
    .command("transfer")
    .description("Transfer the leadership to another node; writes wait for some milliseconds.")
    .addArgument(
      nodeArgument("[node]", "its number or its id; default: the node with the most complete log"),
    )
    .addOption(httpBaseOption())
    .addOption(jsonOption())
    .action((name: string | undefined, { httpBase, json }: ControlOptions & Output) =>
      actions.transfer(name ?? null, httpBase, { json }),
    );
  explain(
    transfer,
    ["", "2"],
    "0 it leads; 1 it doesn't, or still may: the message says which; 2 wrong options.",
  );
  const rolling = root
    .command("rolling-restart")
    .description(
      "Restart every node, one at a time and the leader last, each once the previous one has caught up.",
    )
    .addOption(httpBaseOption())
    .action(({ httpBase }: ControlOptions) => actions.rollingRestart(httpBase));
  explain(
    rolling,
    [""],
    "0 all were restarted; 1 one is down or didn't come back, and the rest were left alone; 2 wrong options.",
  );
}
