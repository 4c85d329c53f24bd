// Follows the changes of a prefix from the beginning of the log, whatever becomes of the node that
// it hangs on: goes on elsewhere behind the last id; where the changes behind it aren't kept any
// more, it lists and goes on behind the list. It keeps all that it is told, for the check.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { readList } from "../checks/final-state.js";
import { nodeName } from "../faults/fault-names.js";
import type { Random } from "../random.js";
import { followStream } from "./event-stream.js";
import type { ServerEvent } from "./event-stream.js";
import type { Caller } from "./http-call.js";
import { nameOf } from "./values.js";
import type { WatchRecord } from "./watch-record.js";

export interface Watcher {
  readonly record: Readonly<WatchRecord>;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

export interface WatcherOptions {
  readonly name: string;
  readonly prefix: string;
  /** By number from 0. */
  readonly addresses: readonly string[];
  /** The numbers of those who are there now. Default: all. */
  readonly present?: () => readonly number[];
  readonly random: Random;
  readonly caller: Caller;
  readonly now: () => number;
  /** It leaves streams now and then, and comes back late: up to so much later. Default 0: never. */
  readonly absenceMs?: number;
  /** A stream that brings nothing for so long is left. Default 2 s. */
  readonly silenceMs?: number;
}

const SILENCE_MS = 2000;
/** How long a stream is followed before it is left, with `absenceMs`. */
const STAY_MS = 5000;
const RETRY_MS = 50;
const LIST_TIMEOUT_MS = 2000;
/** The server says: list, then watch from there. */
const LIST_AGAIN: readonly string[] = ["compacted", "slow"];
const ENDS: readonly string[] = [...LIST_AGAIN, "ahead", "closing"];

const changeSchema = z.object({
  key: z.string(),
  index: z.number(),
  value: z.string().optional(),
});

export function startWatcher(options: WatcherOptions): Watcher {
  const { name, prefix, addresses, random, absenceMs = 0 } = options;
  const { present = () => [...addresses.keys()] } = options;
  const ending = new AbortController();
  const record: WatchRecord = { name, prefix, items: [], position: 0, resumptions: 0, wrong: [] };
  let node = random.pick(present());

  async function run(): Promise<void> {
    for (let streams = 0; !ending.signal.aborted; streams++) {
      const next = await followOnce(record, node, streams > 0, options, ending.signal);
      // Another one, whatever there was with this one.
      const others = present().filter((other) => other !== node);
      if (others.length > 0) node = random.pick(others);
      if (ending.signal.aborted) return;
      if (next === "list") await list(record, node, options);
      await pause(absenceMs > 0 ? random.between(0, absenceMs) : RETRY_MS, ending.signal);
    }
  }

  const running = run();
  return {
    record,
    async stop() {
      ending.abort();
      await running;
    },
  };
}

/** @returns how it goes on */
async function followOnce(
  record: WatchRecord,
  node: number,
  isResumption: boolean,
  { prefix, addresses, random, absenceMs = 0, silenceMs = SILENCE_MS }: WatcherOptions,
  ending: AbortSignal,
): Promise<"resume" | "list"> {
  const { name, position } = record;
  const leaving = absenceMs > 0 ? [AbortSignal.timeout(1 + random.integer(STAY_MS))] : [];
  // Both ways that a server knows.
  const byHeader = isResumption && random.chance(0.5);
  const query = new URLSearchParams({ prefix, ...(!byHeader && { after: String(position) }) });
  let last = "";
  const end = await followStream({
    address: addresses[node] ?? "",
    path: `/v1/watch?${query.toString()}`,
    headers: byHeader ? { "last-event-id": String(position) } : {},
    silenceMs,
    signal: AbortSignal.any([ending, ...leaving]),
    onEvent: (event) => {
      last = event.event;
      take(record, event);
    },
  });
  if (end.kind === "over") {
    if (isResumption && last !== "") record.resumptions++;
    return LIST_AGAIN.includes(last) ? "list" : "resume";
  }
  if (LIST_AGAIN.includes(end.code)) return "list";
  if (end.status !== 503) {
    record.wrong.push(`${name}: a watch behind ${position} was answered ${end.status} ${end.code}`);
  }
  return "resume";
}

function take(record: WatchRecord, { event, id, data }: ServerEvent): void {
  const change = event === "put" || event === "delete" ? changeSchema.safeParse(data) : undefined;
  if (change?.success === true) {
    const { key, index, value } = change.data;
    const shown = value === undefined ? null : nameOf(Buffer.from(value, "base64").toString());
    record.items.push({ type: "change", index, key, value: shown });
  } else if (event !== "progress" && !ENDS.includes(event)) {
    record.wrong.push(`${record.name}: there was an event ${event} ${JSON.stringify(data)}`);
  }
  if (id !== undefined) record.position = id;
}

/** Without an answer the next stream is refused as this one was. */
async function list(
  record: WatchRecord,
  node: number,
  { prefix, addresses, caller, now }: WatcherOptions,
): Promise<void> {
  const listing = await readList(
    nodeName(node),
    addresses[node] ?? "",
    caller,
    prefix,
    now() + LIST_TIMEOUT_MS,
    now,
  ).catch(() => undefined);
  if (listing === undefined) return;
  const { index, entries } = listing;
  record.items.push({ type: "list", after: record.position, index, entries: [...entries] });
  record.position = listing.index;
}

/** Until then, or until it is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
