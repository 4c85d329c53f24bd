// The language of the golden files: blocks of command lines, a line "----", and what the commands
// must print.
import type { Effect, NodeId } from "@raftkit/core";
import { endTurns, newCluster } from "./cluster.js";
import { printEffect } from "./print.js";
import { COMMANDS } from "./golden-commands.js";
import type { Scene } from "./scene.js";

/** Runs every block of a file. @returns the file with what the commands printed */
export function runGolden(text: string): string {
  const scene: Scene = {
    cluster: newCluster(),
    lines: [],
    quiet: false,
    sent: new Map(),
    cut: new Set(),
  };
  scene.cluster.observe = (id, effect) => observe(scene, id, effect);
  return (
    text
      .trimEnd()
      .split(/\n{2,}/)
      .map((block) => runBlock(scene, block))
      .join("\n\n") + "\n"
  );
}

function runBlock(scene: Scene, block: string): string {
  const lines = block.split("\n");
  const end = lines.indexOf("----");
  const commands = end < 0 ? lines : lines.slice(0, end);
  if (commands.every((line) => line.startsWith("#"))) return block;
  scene.lines = [];
  for (const line of commands) {
    if (!line.startsWith("#")) runCommand(scene, line);
  }
  return [...commands, "----", ...(scene.lines.length > 0 ? scene.lines : ["(nothing)"])].join(
    "\n",
  );
}

function runCommand(scene: Scene, line: string): void {
  const words = line.split(" ").filter((word) => word !== "");
  scene.quiet = words[0] === "quiet";
  if (scene.quiet) words.shift();
  const [name = ""] = words;
  const command = COMMANDS[name];
  if (!command) throw new Error(`unknown command: ${line}`);
  const fields = new Map(
    words
      .filter((word) => word.includes("="))
      .map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
  );
  try {
    command(
      scene,
      words.slice(1).filter((word) => !word.includes("=")),
      fields,
    );
    endTurns(scene.cluster);
  } catch (error) {
    throw new Error(`in "${line}": ${String(error)}`, { cause: error });
  }
}

function observe(scene: Scene, id: NodeId, effect: Effect): void {
  if (effect.type === "send") {
    const { message } = effect;
    const key =
      message.type === "appendEntriesReply" && !message.success
        ? "refusals"
        : message.type === "appendEntries" && message.entries.length > 0
          ? "appendEntries with entries"
          : message.type;
    scene.sent.set(key, (scene.sent.get(key) ?? 0) + 1);
  }
  if (!scene.quiet) scene.lines.push(printEffect(id, effect));
}
