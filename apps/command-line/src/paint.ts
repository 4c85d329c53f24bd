// Colours, where they can be seen: on a terminal, unless NO_COLOR says otherwise (or FORCE_COLOR
// for what is no terminal).
import { styleText } from "node:util";
import type { Command } from "commander";

export type Paint = (style: "bold" | "green" | "red", text: string) => string;

/** For what isn't printed, or not yet. */
export const plain: Paint = (_, text) => text;

export function painterFor(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, { stream });
}

/** Titles of the help in bold; commander takes that away where it can't be seen. */
export function paintHelp(command: Command): Command {
  return command.configureHelp({
    styleTitle: (title) => styleText("bold", title, { validateStream: false }),
  });
}
