// Parts of raftkit by themselves, in one process: the core, the log's file, codecs, and the checker
// of histories.
import { encodeRun, EntryKind } from "@raftkit/core";
import type { Codec } from "@raftkit/core";
import { createJsonCodec } from "@raftkit/codec-json";
import { createMsgpackCodec } from "@raftkit/codec-msgpack";
import { putCommand } from "@raftkit/kv";
import { checkHistory, keyValue } from "@raftkit/linearizability";
import type { KeyValueInput, KeyValueOutput, Operation } from "@raftkit/linearizability";
import { createFileLog } from "@raftkit/storage-file";
import { markdownTable } from "markdown-table";
import { Bench } from "tinybench";
import type { Task } from "tinybench";
import { makeDataDirectory } from "../data-directory.js";
import { IDENTITY } from "../opening/identity.js";
import { CoreCluster } from "./core-cluster.js";

export interface PartsOptions {
  /** How long each is measured. */
  readonly ms: number;
  /** An existing folder. */
  readonly data: string;
}

/** Something that is done again and again, so many items at a time. */
interface Part {
  readonly name: string;
  readonly items: number;
  readonly run: () => void | Promise<void>;
}

const VALUE = new Uint8Array(100).fill(120);

export async function measureParts(
  { ms, data }: PartsOptions,
  print: (line: string) => void,
): Promise<void> {
  await measure("Raft alone, entries of 100 B", coreParts(), ms, print);
  await measure("codecs, a put of 100 B", codecParts(), ms, print);
  await measure("linearizability", [historyPart()], ms, print);
  const directory = await makeDataDirectory(data, "parts");
  const log = createFileLog({ directory: directory.path });
  try {
    await log.open(IDENTITY);
    let lastIndex = 0;
    const parts = BATCHES.map((items): Part => {
      const datas = Array.from({ length: items }, () => VALUE);
      const run = async (): Promise<void> => {
        const entries = encodeRun(lastIndex + 1, 1, EntryKind.command, datas);
        await log.write([{ type: "append", run: entries }]);
        lastIndex += items;
      };
      return { name: `a synced write of ${items} entries`, items, run };
    });
    await measure("the log's file, entries of 100 B", parts, ms, print);
  } finally {
    await log.close();
    await directory.remove();
  }
}

const BATCHES = [1, 8, 64, 1024];

function coreParts(): Part[] {
  const committed = (nodes: number, items: number): Part => {
    const cluster = new CoreCluster(nodes);
    const commands = Array.from({ length: items }, () => VALUE);
    const name = `${nodes} nodes, ${items} entries at a time`;
    return { name, items, run: () => cluster.commit(commands) };
  };
  const oneByOne = new CoreCluster(3);
  const commands = Array.from({ length: 64 }, () => VALUE);
  return [
    ...BATCHES.map((items) => committed(3, items)),
    {
      name: "3 nodes, 64 calls of 1 entry in one turn",
      items: 64,
      run: () => oneByOne.commit(commands, false),
    },
    ...[1, 5, 7].map((nodes) => committed(nodes, 64)),
  ];
}

function codecParts(): Part[] {
  const codecs: readonly Codec[] = [createMsgpackCodec(), createJsonCodec()];
  return codecs.flatMap((codec) => {
    const command = putCommand("key:000000012345", VALUE);
    const bytes = codec.encode(command);
    return [
      { name: `${codec.name}, encode`, items: 1, run: () => void codec.encode(command) },
      { name: `${codec.name}, decode`, items: 1, run: () => void codec.decode(bytes) },
    ];
  });
}

const HISTORY = { operations: 2000, clients: 8, keys: 16 };

/**
 * As a correct store would answer clients that overlap: each operation takes effect at its answer.
 */
function historyPart(): Part {
  const { operations, clients, keys } = HISTORY;
  const values = new Map<string, number>();
  const history = Array.from(
    { length: operations },
    (_, i): Operation<KeyValueInput, KeyValueOutput> => {
      const key = `key-${(i * 7) % keys}`;
      const times = { client: `c${i % clients}`, invoked: i, completed: i + clients - 0.5 };
      if (i % 3 === 0) {
        values.set(key, i);
        return { ...times, input: { op: "put", key, value: i }, output: { ok: true } };
      }
      const value = values.get(key);
      return {
        ...times,
        input: { op: "get", key },
        output: value === undefined ? null : { value },
      };
    },
  );
  const run = (): void => {
    const { kind } = checkHistory(history, keyValue);
    if (kind !== "ok") throw new Error(`the history is ${kind}`);
  };
  const name = `${operations} operations of ${clients} clients on ${keys} keys`;
  return { name, items: operations, run };
}

async function measure(
  title: string,
  parts: readonly Part[],
  ms: number,
  print: (line: string) => void,
): Promise<void> {
  const bench = new Bench({
    time: ms,
    warmupTime: ms / 4,
    iterations: 1,
    warmupIterations: 1,
    throws: true,
  });
  for (const { name, run } of parts) bench.add(name, run);
  const tasks = await bench.run();
  const lines = parts.map(({ name, items }, i) => [name, ...cellsOf(tasks[i], items)]);
  const head = [title, "items a second", "µs an item", "p50 ms", "p99 ms"];
  print(`${markdownTable([head, ...lines], { align: ["l", "r", "r", "r", "r"] })}\n`);
}

/** Latencies are those of a whole run. */
function cellsOf(task: Task | undefined, items: number): string[] {
  if (task?.result.state !== "completed") throw new Error(`${task?.name} wasn't measured`);
  const { mean, p50, p99 } = task.result.latency;
  return [
    Math.round((items * 1000) / mean).toString(),
    ((mean * 1000) / items).toFixed(2),
    p50.toFixed(3),
    p99.toFixed(3),
  ];
}
