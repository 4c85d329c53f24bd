// Three servers, and the leader's process killed under pipelines: nothing that was acknowledged is lost,
// every connection's writes keep their order, and what all clients saw is linearizable.
import { checkHistory, keyValue } from "@raftkit/linearizability";
import type { KeyValueInput, KeyValueOutput, Operation } from "@raftkit/linearizability";
import { expect, onTestFinished, test } from "vitest";
import { send } from "../client.js";
import { freePorts, startProcess, temporaryDirectory } from "../process.js";
import { connectTo } from "./client.js";
import type { Client, Reply } from "./client.js";

interface Written {
  readonly key: string;
  /** What each number that was sent came to; undefined: there was no answer. */
  readonly fates: ("acknowledged" | "refused" | "unknown" | undefined)[];
}

const REFUSED = /^(?:TRYAGAIN|CLUSTERDOWN|LOADING) /;
const UNKNOWN = /^OUTCOMEUNKNOWN /;
const DEPTH = 20;

function fateOf(reply: Reply): Written["fates"][number] {
  if (typeof reply === "number") return "acknowledged";
  if (typeof reply !== "object" || reply === null || !("error" in reply)) return undefined;
  expect(reply.error).toMatch(new RegExp(`${REFUSED.source}|${UNKNOWN.source}`));
  return REFUSED.test(reply.error) ? "refused" : "unknown";
}

/**
 * Appends one number after another to its key, `DEPTH` in a pipeline, until it is told to stop or the
 * connection ends.
 */
async function write(client: Client, { key, fates }: Written, stop: () => boolean): Promise<void> {
  let isOpen = true;
  void client.ended.then(() => (isOpen = false));
  while (isOpen && !stop()) {
    const from = fates.length;
    for (let i = from; i < from + DEPTH; i++) {
      fates.push(undefined);
      client.send("APPEND", key, `${i},`);
    }
    for (let i = from; i < from + DEPTH; i++) {
      fates[i] = fateOf(await client.reply().catch((): Reply => null));
    }
  }
}

interface Servers {
  readonly redis: readonly string[];
  /** @returns where the Redis ports of the others are */
  killLeader(): Promise<readonly string[]>;
}

async function startServers(): Promise<Servers> {
  const ports = await freePorts(9);
  const directory = temporaryDirectory();
  const peers = [0, 1, 2].map((i) => `n${i + 1}=127.0.0.1:${ports[i]}`).join(",");
  const servers = await Promise.all(
    [0, 1, 2].map(async (i) => {
      const redis = `127.0.0.1:${ports[6 + i]}`;
      const { child, ready } = startProcess([
        `--id=n${i + 1}`,
        `--peers=${peers}`,
        `--http=127.0.0.1:${ports[3 + i]}`,
        `--redis-port=${redis}`,
        `--data=${directory}/n${i + 1}`,
        "--election-timeout-ms=600-1200",
      ]);
      return { id: `n${i + 1}`, child, redis, http: (await ready).http };
    }),
  );
  const leader = async (): Promise<string> => {
    const { body } = await send(servers[0]?.http ?? "", "GET", "/v1/status");
    return String((JSON.parse(body.toString()) as { leaderId?: string | null }).leaderId);
  };
  await expect.poll(leader, { timeout: 20_000 }).toMatch(/^n/);
  return {
    redis: servers.map(({ redis }) => redis),
    async killLeader() {
      const leaderId = await leader();
      const killed = servers.find(({ id }) => id === leaderId);
      expect(killed).toBeDefined();
      killed?.child.kill("SIGKILL");
      const others = servers.filter((server) => server !== killed).map(({ redis }) => redis);
      const client = connectTo(others[0] ?? "");
      await expect.poll(() => client.ask("SET", "after", "1"), { timeout: 20_000 }).toBe("OK");
      return others;
    },
  };
}

test("a leader that is killed under pipelines loses nothing, and order is kept", async () => {
  const servers = await startServers();
  let stopped = false;
  onTestFinished(() => void (stopped = true));
  const all = servers.redis.flatMap((redis) =>
    [0, 1].map((i) => ({ redis, one: { key: `${redis}-${i}`, fates: [] } satisfies Written })),
  );
  const acknowledged = ({ fates }: Written): number =>
    fates.filter((fate) => fate === "acknowledged").length;
  const writing = all.map(({ redis, one }) => write(connectTo(redis), one, () => stopped));
  await expect
    .poll(() => all.every(({ one }) => acknowledged(one) > 3 * DEPTH), { timeout: 20_000 })
    .toBe(true);
  const survivors = await servers.killLeader();
  stopped = true;
  await Promise.all(writing);
  for (const { one } of all) {
    for (const redis of survivors) {
      const client = connectTo(redis);
      let value: Reply = null;
      // The machine may be too busy for its leader.
      await expect
        .poll(async () => (value = await client.ask("GET", one.key)), { timeout: 20_000 })
        .toBeTypeOf("string");
      const numbers = (typeof value === "string" ? value : "").split(",").slice(0, -1).map(Number);
      // In order, each at most once; all that was acknowledged, and nothing that was refused.
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      const wanted = one.fates.flatMap((fate, i) =>
        fate === "acknowledged" || (fate !== "refused" && numbers.includes(i)) ? [i] : [],
      );
      expect(numbers).toEqual(wanted);
    }
  }
}, 120_000);

type Call = Operation<KeyValueInput, KeyValueOutput>;

const COMMANDS: Readonly<
  Record<
    "get" | "set" | "setnx" | "setxx" | "del",
    (key: string, value: string) => readonly [string[], KeyValueInput]
  >
> = {
  get: (key) => [["GET", key], { op: "get", key }],
  set: (key, value) => [["SET", key, value], { op: "put", key, value }],
  setnx: (key, value) => [["SET", key, value, "NX"], { op: "put", key, value, expected: "absent" }],
  setxx: (key, value) => [
    ["SET", key, value, "XX"],
    { op: "put", key, value, expected: "present" },
  ],
  del: (key) => [["DEL", key], { op: "delete", key }],
};

function outputOf({ op }: KeyValueInput, reply: Reply): KeyValueOutput {
  if (op === "get") return typeof reply === "string" ? { value: reply } : null;
  if (op === "delete") return { ok: true, existed: reply === 1 };
  return { ok: reply === "OK" };
}

/** Commands at random, some in a pipeline, until it is told to stop or the connection ends. */
async function play(at: string, name: string, history: Call[], stop: () => boolean): Promise<void> {
  const client = connectTo(at);
  const kinds = Object.values(COMMANDS);
  let isOpen = true;
  void client.ended.then(() => (isOpen = false));
  for (let round = 0; isOpen && !stop(); round++) {
    const calls = Array.from({ length: 1 + (round % 3) }, (_, i) => {
      const draw = (count: number): number => Math.floor(Math.random() * count);
      const [args, input] =
        kinds[draw(kinds.length)]?.(`k${draw(5)}`, `${name}-${round}-${i}`) ?? [];
      if (args === undefined || input === undefined) throw new Error("unreachable");
      client.send(...args);
      return { input, invoked: performance.now() };
    });
    for (const [i, { input, invoked }] of calls.entries()) {
      // Each place in the pipeline is a client: they wait at the same time.
      const caller = `${name}-${i}`;
      const reply = await client.reply().catch((): undefined => undefined);
      const completed = performance.now();
      const isError = typeof reply === "object" && reply !== null && "error" in reply;
      if (isError && REFUSED.test(reply.error)) continue;
      if (reply === undefined || isError) {
        // Its client has no other call after one whose outcome isn't known.
        const last = `${caller}-${round}`;
        if (input.op === "get") continue;
        history.push({ client: last, invoked, completed: Infinity, input });
        continue;
      }
      const output = outputOf(input, reply);
      history.push({ client: caller, invoked, completed, input, output });
    }
  }
}

test("what clients of all nodes see is linearizable, also when the leader is killed", async () => {
  const servers = await startServers();
  const history: Call[] = [];
  let stopped = false;
  onTestFinished(() => void (stopped = true));
  const playing = servers.redis.flatMap((redis, node) =>
    [0, 1].map((i) => play(redis, `${node}${i}`, history, () => stopped)),
  );
  await expect.poll(() => history.length, { timeout: 30_000 }).toBeGreaterThan(100);
  const survivors = await servers.killLeader();
  playing.push(...survivors.map((redis, i) => play(redis, `again${i}`, history, () => stopped)));
  const before = history.length;
  await expect.poll(() => history.length, { timeout: 30_000 }).toBeGreaterThan(before + 100);
  stopped = true;
  await Promise.all(playing);
  expect(checkHistory(history, keyValue)).toMatchObject({ kind: "ok" });
}, 120_000);
