// `chaos` and `verify`: their options.
import { Argument } from "commander";
import type { Command } from "commander";
import type { ChaosOptions } from "../chaos/options.js";
import type { Actions, Output } from "./actions.js";
import { explain, jsonOption, pathOf, pathOption, switchOption, wholeOption } from "./options.js";

const MAX_SEED = 4_294_967_295;

export function addChaos(root: Command, actions: Actions): void {
  const seed = Math.floor(Math.random() * (MAX_SEED + 1));
  const chaos = root
    .command("chaos")
    .description(
      "Run a separate cluster under load and faults, check its history, and write a report.",
    )
    .addOption(wholeOption("--nodes <N>", "number of server processes", 3, 9).default(5))
    .addOption(
      wholeOption(
        "--seconds <S>",
        "how long load and faults last; healing and checking take extra time",
        5,
        900,
      ).default(60),
    )
    .addOption(
      wholeOption(
        "--seed <N>",
        "seed of the fault schedule; printed at the start",
        0,
        MAX_SEED,
      ).default(seed, "drawn"),
    )
    .addOption(
      wholeOption(
        "--clients <N>",
        "number of clients, with one operation in flight each",
        1,
        100,
      ).default(16),
    )
    .addOption(wholeOption("--keys <N>", "number of keys in use at a time", 1, 1000).default(12))
    .addOption(
      wholeOption(
        "--rate <N>",
        "maximum operations per second, of all clients together",
        1,
        1000,
      ).default(400),
    )
    .addOption(
      pathOption(
        "--out <DIRECTORY>",
        "where to write report, history and the nodes' logs; an earlier report there is deleted",
        "chaos-report",
      ),
    )
    .addOption(switchOption("--keep", "keep the nodes' data there too"))
    .addOption(jsonOption())
    .action((options: ChaosOptions) => actions.chaos(options));
  explain(
    chaos,
    ["--seconds 120", "--seed 7 --nodes 3 --out /tmp/report"],
    "0 every check passed; 1 a check failed, it could not start, or it was interrupted; 2 wrong options.",
  );
  const verify = root
    .command("verify")
    .description("Check the recorded history of a chaos run again.")
    .addArgument(
      new Argument("<path>", "the directory of a chaos report, or a history.jsonl").argParser(
        pathOf,
      ),
    )
    .addOption(jsonOption())
    .action((path: string, { json }: Output) => actions.verify(path, { json }));
  explain(
    verify,
    ["chaos-report", "chaos-report --json"],
    "0 every check passed; 1 a check failed; 2 nothing to verify, or wrong options.",
  );
}
