// Completion of a command line by a shell. The script for the shell asks the program itself, by
// `completion-server`, so it knows every option there is.
import type { Argument, Command, Option } from "commander";

// The library is loaded when it is needed: it takes longer than most commands to run.

/** A word that may come next. */
export interface Candidate {
  readonly name: string;
  readonly description: string;
}

type Shell = (typeof SHELLS)[number];
const SHELLS = ["bash", "zsh", "fish"] as const;
/** By these names for their values options and arguments take files. */
const TAKES_FILES = /[<[](file|directory|path)/i;

/**
 * What may stand in the place of the last word.
 * @param words behind the program's name; the last one may be empty
 */
export function candidates(
  root: Command,
  words: readonly string[],
): readonly Candidate[] | "files" {
  const { command, operands, given, pending } = read(root, words.slice(0, -1));
  const word = words.at(-1) ?? "";
  if (pending?.required === true) return valuesOf(pending);
  if (word.startsWith("-")) return flagsOf(command, given);
  const optional = pending === undefined ? [] : valuesOf(pending);
  const argument = command.registeredArguments[operands];
  const next = operands > 0 || command.commands.length === 0 ? [] : commandsOf(command);
  const values = argument === undefined ? next : valuesOf(argument);
  return values === "files" || optional === "files" ? "files" : [...optional, ...values];
}

interface Line {
  readonly command: Command;
  /** How many arguments of it there are already. */
  readonly operands: number;
  readonly given: ReadonlySet<Option>;
  /** The option whose value may come next. */
  readonly pending: Option | undefined;
}

function read(root: Command, words: readonly string[]): Line {
  const given = new Set<Option>();
  let [command, operands]: [Command, number] = [root, 0];
  let pending: Option | undefined;
  for (const word of words) {
    const isValue =
      pending !== undefined && (pending.required || pending.argChoices?.includes(word) === true);
    if (isValue) {
      pending = undefined;
      continue;
    }
    pending = undefined;
    if (word.startsWith("-")) {
      const [flag] = word.split("=");
      const option = command.options.find((one) => [one.long, one.short].includes(flag));
      if (option !== undefined) given.add(option);
      if (!word.includes("=") && (option?.required || option?.optional)) pending = option;
      continue;
    }
    const named = command.commands.find((one) => one.name() === word);
    if (named !== undefined && operands === 0) command = named;
    else operands++;
  }
  return { command, operands, given, pending };
}

function valuesOf(taker: Option | Argument): readonly Candidate[] | "files" {
  const name = "flags" in taker ? taker.flags : `<${taker.name()}>`;
  if (taker.argChoices !== undefined) {
    return taker.argChoices.map((choice) => ({ name: choice, description: "" }));
  }
  return TAKES_FILES.test(name) ? "files" : [];
}

function flagsOf(command: Command, given: ReadonlySet<Option>): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => !given.has(option) || option.variadic)
    .flatMap(({ long, description }) =>
      typeof long === "string" ? [{ name: long, description: shortened(description) }] : [],
    );
}

function commandsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ name: one.name(), description: shortened(one.description()) }));
}

/** The first sentence. */
function shortened(description: string): string {
  return (description.split(/[.;:] /)[0] ?? "").replace(/\.$/, "");
}

export interface CompletionOptions {
  /** By this name the program is called, as `raftkit-cluster`. */
  readonly name: string;
  /** What runs it, as arguments of a shell. */
  readonly command: readonly string[];
  readonly print: (text: string) => void;
}

/** Adds `completion SHELL`, which prints the script to be read by the shell. */
export function addCompletion(root: Command, { name, command, print }: CompletionOptions): Command {
  const run = command.map(quoted).join(" ");
  const program = root.name();
  return root
    .command("completion")
    .description(`Print what makes a shell complete the command ${name}, and defines it.`)
    .addArgument(root.createArgument("<shell>", "the shell that is to read it").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  ${program} completion fish | source            # in ~/.config/fish/config.fish
  eval "$(${program} completion bash)"           # in ~/.bashrc; zsh: in ~/.zshrc, after compinit

Exit codes: 0 done; 2 wrong options.`,
    )
    .action(async (shell: Shell) => {
      const { getCompletionScript } = await import("@pnpm/tabtab");
      const script = await getCompletionScript({ name, completer: run, shell });
      print(`${definitions[shell](name, run)}\n${script}`);
    });
}

/** The command itself, unless there is one: nobody has installed it. */
const definitions: Readonly<Record<Shell, (name: string, run: string) => string>> = {
  bash: (name, run) => `type ${name} &>/dev/null || ${name} () { ${run} "$@"; }`,
  zsh: (name, run) => `type ${name} &>/dev/null || ${name} () { ${run} "$@"; }`,
  fish: (name, run) => `type -q ${name}; or function ${name}; ${run} $argv; end`,
};

function quoted(text: string): string {
  return /^[\w./@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * Answers the script: prints what may come next.
 * @param args of the program; the shell's words are behind two dashes, the program's name first
 * @returns whether the script had asked
 */
export async function serveCompletion(root: Command, args: readonly string[]): Promise<boolean> {
  if (args[0] !== "completion-server") return false;
  const { getShellFromEnv, log, logFiles, parseEnv } = await import("@pnpm/tabtab");
  const shell = getShellFromEnv(process.env);
  const words = wordsOf(shell, args.slice(args.indexOf("--") + 2), parseEnv(process.env));
  const found = candidates(root, words);
  if (found === "files") logFiles();
  else log([...found], shell);
  return true;
}

/** Up to the cursor. fish doesn't say which word it is in, and leaves an empty one out. */
function wordsOf(
  shell: string,
  words: readonly string[],
  { words: at, lastPartial }: { readonly words: number; readonly lastPartial: string },
): string[] {
  if (shell !== "fish") return [...words.slice(0, at - 1), words[at - 1] ?? ""];
  return lastPartial === "" ? [...words, ""] : [...words];
}
