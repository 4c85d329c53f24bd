// A process of its own that opens a data directory, says how it went, and holds on until it is
// ended.
import { createFileLog } from "@raftkit/storage-file";
import { append, identity } from "./logs.js";

const [, , directory = "", firstIndex = ""] = process.argv;
const log = createFileLog({ directory });
try {
  const { run } = await log.open(identity);
  if (firstIndex !== "") await log.write([append(Number(firstIndex), 1, "from a child")]);
  process.stdout.write(`open ${run}\n`);
  setInterval(() => {}, 1000);
} catch (error) {
  process.stdout.write(
    `${error instanceof Error && "code" in error ? String(error.code) : String(error)}\n`,
  );
}
