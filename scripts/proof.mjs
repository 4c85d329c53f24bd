// Runs the whole proof, part after part, and ends with one table of figures. `npm run proof`; exits
// with 1 when a part fails.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import "./last-line.mjs";
import { parts, tableOf } from "./proof-parts.mjs";
import { capture } from "./processes.mjs";

const help = `npm run proof -- [--only PART]... [--quick]
  --only PART  this part; may be repeated: ${parts.map(({ id }) => id).join(", ")}
  --quick      fewer seeds, mutants and seconds: does everything work?`;
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "coverage/proof");
const options = readOptions();
const unknown = options.only?.find((id) => !parts.some((part) => part.id === id));

if (options.help === true) {
  console.log(help);
} else if (unknown !== undefined) {
  console.error(`no part "${unknown}"\n${help}`);
  process.exitCode = 2;
} else {
  process.chdir(root);
  const results = [];
  for (const part of parts.filter(({ id }) => options.only?.includes(id) ?? true)) {
    results.push(await prove(part));
  }
  const table = tableOf(results);
  writeFileSync(join(folder, "table.md"), `${table}\n`);
  console.log(`\n${table}`);
  const failed = results.filter(({ passed }) => !passed).map(({ part }) => part.id);
  const which = failed.length === 0 ? "" : ` (${failed.join(", ")})`;
  console.log(
    `\n${results.length - failed.length} parts proven, ${failed.length} failed${which}; logs in ${folder}`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}

/** What can't be understood ends the command here, with one line and the help. */
function readOptions() {
  try {
    return parseArgs({
      options: {
        only: { type: "string", multiple: true },
        quick: { type: "boolean", default: false },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${help}`);
    process.exit(2);
  }
}

/** @param {import("./proof-parts.mjs").Part} part */
async function prove(part) {
  const place = join(folder, part.id);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const startedAt = performance.now();
  const { quick } = options;
  const env = {
    ...process.env,
    ...Object.fromEntries(
      Object.entries(part.env ?? {}).map(([name, value]) => [
        name,
        value?.replace("{folder}", place),
      ]),
    ),
  };
  const [tool = "", ...args] = part.command({ quick, folder: place });
  const local = tool === "node" ? process.execPath : join(root, "node_modules/.bin", tool);
  console.log(`${part.id}: ${[tool, ...args].join(" ")}`);
  const { status, output } = await capture([local, ...args], { cwd: root, bothStreams: true, env });
  writeFileSync(join(place, "log.txt"), output);
  const found = part.figures({ output, folder: place });
  const passed = status === 0 && found !== undefined;
  const figures = found ?? "no figures";
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${passed ? "  ok" : "FAIL"}  ${figures} (${seconds.toFixed(0)} s)${passed ? "" : `; see ${join(place, "log.txt")}`}`,
  );
  return { part, passed, figures, seconds };
}
