// What a shell is told may come next, by what stands before it.
import { Command } from "commander";
import { afterEach, describe, expect, test, vi } from "vitest";
import { addCompletion, candidates, serveCompletion } from "@raftkit-app/command-line";

function program(print: (text: string) => void = () => {}): Command {
  const root = new Command("node tool.js")
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .version("1");
  const start = root.command("start").description("Start all. It takes a while.");
  start
    .addOption(start.createOption("--codec <NAME>", "the encoding").choices(["json", "msgpack"]))
    .addOption(start.createOption("--fresh [true|false]", "delete").choices(["true", "false"]))
    .option("--data <DIRECTORY>", "where")
    .option("--nodes <N>", "how many");
  root.command("kill").description("Kill a node").argument("<node>", "its number");
  root.command("verify").description("Check again").argument("<path>", "a report");
  addCompletion(root, { name: "tool", command: ["/a b/node", "/x/tool.js"], print });
  return root;
}

const names = (...words: string[]): unknown => {
  const found = candidates(program(), words);
  return found === "files" ? found : found.map(({ name }) => name);
};

describe("what may come next", () => {
  test.each<[string[], unknown]>([
    [[""], ["start", "kill", "verify", "completion", "help"]],
    [["-"], ["--version", "--help"]],
    [
      ["start", "--"],
      ["--codec", "--fresh", "--data", "--nodes", "--help"],
    ],
    [
      ["start", "--codec", "json", "--data", "x", "--"],
      ["--fresh", "--nodes", "--help"],
    ],
    [
      ["start", "--codec=json", "--"],
      ["--fresh", "--data", "--nodes", "--help"],
    ],
    [
      ["start", "--codec", ""],
      ["json", "msgpack"],
    ],
    [
      ["start", "--codec", "js"],
      ["json", "msgpack"],
    ],
    [["start", "--data", "d"], "files"],
    [["start", "--nodes", ""], []],
    [["start", ""], []],
    [
      ["start", "--fresh", ""],
      ["true", "false"],
    ],
    [
      ["start", "--fresh", "--"],
      ["--codec", "--data", "--nodes", "--help"],
    ],
    [["start", "--fresh", "true", ""], []],
    [["kill", ""], []],
    [["kill", "2", ""], []],
    [["verify", ""], "files"],
    [["verify", "x", ""], []],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["nothing", ""], []],
  ])("behind %j", (words, expected) => expect(names(...words)).toEqual(expected));

  test("is described by a first sentence", () => {
    expect(candidates(program(), [""])).toContainEqual({ name: "start", description: "Start all" });
  });
});

describe("the script", () => {
  const scriptFor = async (shell: string): Promise<string> => {
    let script = "";
    await program((text) => (script += text)).parseAsync(["completion", shell], { from: "user" });
    return script;
  };

  test.each([
    ["bash", `tool () { '/a b/node' /x/tool.js "$@"; }`, "complete -o default -F"],
    ["zsh", `tool () { '/a b/node' /x/tool.js "$@"; }`, "compdef _tool_completion tool"],
    ["fish", "function tool; '/a b/node' /x/tool.js $argv; end", "complete -f -d 'tool' -c tool"],
  ])("for %s defines the command, and completes it", async (shell, definition, completes) => {
    const script = await scriptFor(shell);
    expect(script).toContain(definition);
    expect(script).toContain(completes);
    expect(script).toContain("'/a b/node' /x/tool.js completion-server -- ");
  });

  test("for another shell is refused", async () => {
    await expect(scriptFor("tcsh")).rejects.toThrow("Allowed choices are bash, zsh, fish");
  });
});

describe("a shell's question", () => {
  afterEach(() => void vi.unstubAllEnvs());

  async function answer(
    shell: string,
    line: string,
    at: number,
    words: string[],
  ): Promise<string[]> {
    const environment = { SHELL: shell, COMP_LINE: line, COMP_POINT: String(line.length) };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    vi.stubEnv("COMP_CWORD", String(at));
    const lines: string[] = [];
    const log = vi
      .spyOn(console, "log")
      .mockImplementation((text) => void lines.push(String(text)));
    try {
      expect(await serveCompletion(program(), ["completion-server", "--", ...words])).toBe(true);
    } finally {
      log.mockRestore();
    }
    return lines;
  }

  test("is answered as each of them wants it", async () => {
    expect(await answer("bash", "tool ve", 1, ["tool", "ve"])).toEqual(["verify"]);
    expect(await answer("bash", "tool start --codec ", 3, ["tool", "start", "--codec"])).toEqual([
      "json",
      "msgpack",
    ]);
    expect(await answer("zsh", "tool k", 1, ["tool", "k"])).toContain("kill:Kill a node");
    expect(await answer("fish", "tool k", 2, ["tool", "k"])).toContain("kill\tKill a node");
    // fish leaves out a word that is empty.
    expect(await answer("fish", "tool start --codec ", 3, ["tool", "start", "--codec"])).toEqual([
      "json",
      "msgpack",
    ]);
    expect(await answer("zsh", "tool verify ", 2, ["tool", "verify", ""])).toEqual([
      "__tabtab_complete_files__",
    ]);
  });

  test("is nobody else's command line", async () => {
    expect(await serveCompletion(program(), ["start", "--fresh"])).toBe(false);
  });
});
