// Three servers, and the leader's process killed under pipelines: nothing that was acknowledged is lost,
// and every connection's writes keep their order.
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

test("a leader that is killed under pipelines loses nothing, and order is kept", async () => {
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
  let stopped = false;
  onTestFinished(() => void (stopped = true));
  const all = servers.flatMap(({ redis, id }) =>
    [0, 1].map((i) => ({ redis, one: { key: `${id}-${i}`, fates: [] } satisfies Written })),
  );
  const acknowledged = ({ fates }: Written): number =>
    fates.filter((fate) => fate === "acknowledged").length;
  const writing = all.map(({ redis, one }) => write(connectTo(redis), one, () => stopped));
  await expect
    .poll(() => all.every(({ one }) => acknowledged(one) > 3 * DEPTH), { timeout: 20_000 })
    .toBe(true);
  const leaderId = await leader();
  const killed = servers.find(({ id }) => id === leaderId);
  expect(killed).toBeDefined();
  killed?.child.kill("SIGKILL");
  const survivors = servers.filter((server) => server !== killed);
  const client = connectTo(survivors[0]?.redis ?? "");
  await expect.poll(() => client.ask("SET", "after", "1"), { timeout: 20_000 }).toBe("OK");
  stopped = true;
  await Promise.all(writing);
  for (const { one } of all) {
    for (const { redis } of survivors) {
      const value = await connectTo(redis).ask("GET", one.key);
      const numbers = (typeof value === "string" ? value : "").split(",").slice(0, -1).map(Number);
      // In order, each at most once; all that was acknowledged, and nothing that was refused.
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      const wanted = one.fates.flatMap((fate, i) =>
        fate === "acknowledged" || (fate !== "refused" && numbers.includes(i)) ? [i] : [],
      );
      expect(numbers).toEqual(wanted);
    }
  }
}, 90_000);
