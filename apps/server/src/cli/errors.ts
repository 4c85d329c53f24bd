import { RaftkitError } from "@raftkit/core";

/** One or more options are wrong; the message has one line for each. */
export class WrongOptions extends RaftkitError {
  constructor(lines: readonly string[]) {
    super("WRONG_OPTIONS", lines.join("\n"));
  }
}
