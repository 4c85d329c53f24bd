// Cases about strangers who know the adapter's own words: no introduction, two, nonsense, or more
// announced than is sent. What they say is made of what honest nodes said before.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ensure, fail } from "../expect.js";
import { describe, nextTurn, pattern, transportCase } from "./bench.js";
import type { Bench, TestNode } from "./bench.js";
import type { Suite } from "../suite.js";
import type { Intruder, TransportSubject } from "./subject.js";

const STRANGERS =
  "Availability (Raft §2): whoever can connect can say anything; no stranger may stop a server, or be taken for one";
const QUIET_TURNS = 5;
/** All intruders together announce at least so much. */
const ANNOUNCED_BYTES = 32 * 2 ** 20;
const INTRUDERS_MAX = 60;
/** What others let go of meanwhile hides what strangers cost: it does so once. */
const MEMORY_ROUNDS = 2;
const LEVELS = 200_000;

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** What isn't an introduction, in JSON's words or not even in those. */
function nonsense(node: TestNode): readonly Uint8Array[] {
  const fields = ["clusterId", "codec", "id", "incarnation", "run"];
  const wrongValues = ["null", "[]", "{}", "3.5", '""', "true", "1e999", "-1"];
  return [
    "",
    "null",
    "[]",
    "3",
    "true",
    '"x"',
    "{}",
    "[null]",
    '{"hello":null}',
    '{"hello":[]}',
    `${"[".repeat(LEVELS)}`,
    `${"[".repeat(LEVELS)}${"]".repeat(LEVELS)}`,
    `${'{"hello":'.repeat(LEVELS)}1${"}".repeat(LEVELS)}`,
    " ".repeat(200_000),
    "\0".repeat(1000),
    JSON.stringify({ ...node.local, ["__proto__"]: null }).slice(0, -2),
    ...fields.flatMap((field) =>
      wrongValues.map((value) =>
        JSON.stringify({ ...node.local, [field]: "WRONG" }).replace('"WRONG"', value),
      ),
    ),
  ].map(text);
}

export const intruders: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-55",
      title:
        "JSON, nesting, nulls, floods and nothing at all of somebody who is no node change nothing",
      requires: ["TRANSPORT-44"],
      capabilities: ["stream"],
      rule: STRANGERS,
    },
    async (bench) => {
      const [a, b] = await oneDials(bench);
      await bench.arrives(a, b, pattern(100, 1));
      const shapes = nonsense(a);
      for (const [i, bytes] of [
        ...shapes.slice(0, 20),
        ...shapes.slice(0, 12).map((words) => text(`${new TextDecoder().decode(words)}\n`)),
        text('{"hello":null}\n{"hello":null}\n'),
        pattern(1_000_000, 3),
        new Uint8Array(1_000_000),
      ].entries()) {
        const intruder = await bench.links.intrude?.(b.local.address, bytes);
        await bench.arrives(a, b, pattern(100, 10 + i));
        intruder?.close();
      }
      onlyFrom(b, "n1", 100);
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-56",
      title: "memory for a frame grows with what arrives, not with what is announced",
      requires: ["TRANSPORT-44", "TRANSPORT-11"],
      capabilities: ["stream"],
      rule: `${STRANGERS}; sixty beginnings of 8 MiB each would cost half a gigabyte`,
    },
    async (bench) => {
      const [a, b] = await oneDials(bench);
      const said = bench.links.record?.("n1", "n2") ?? (() => []);
      const large = pattern(a.transport.maxFrameBytes, 2);
      await bench.arrives(a, b, pattern(100, 1));
      const before = said().map((words) => words.length);
      await bench.arrives(a, b, large);
      const beginning = said()
        .map((words, i) => beginningOf(large, words, before[i] ?? 0))
        .find((words) => words.length > 0);
      if (beginning === undefined) fail("the large frame was on no connection of the link");
      const count = Math.min(INTRUDERS_MAX, Math.ceil(ANNOUNCED_BYTES / large.length));
      const announced = count * large.length;
      for (let round = 0; round < MEMORY_ROUNDS; round++) {
        const grown = await costOfStrangers(bench, a, b, count, beginning);
        ensure(
          grown < announced / 2,
          `${count} strangers who announced ${announced} bytes and sent ${count * beginning.length} cost ${grown} bytes of memory`,
        );
      }
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-57",
      title: "frames before an introduction, and behind a second one, are not delivered",
      requires: ["TRANSPORT-44"],
      capabilities: ["introduction"],
      rule: `${STRANGERS}; a vote would count for somebody who didn't give it`,
    },
    async (bench) => {
      const [a, b] = await oneDials(bench);
      const first = await recorded(bench, a, b, 1);
      const c = await bench.start("n3");
      await bench.list(c, [b.local]);
      const second = await recorded(bench, c, b, 2);
      await bench.settles("close resolved", c.transport.close());
      await settled(bench, a, b);
      for (const [what, words] of [
        ["no introduction", [second.frames]],
        ["no introduction until then", [second.frames, first.introduction]],
        ["two introductions", [second.introduction, first.introduction, second.frames]],
        ["the same introduction twice", [second.introduction, second.introduction, second.frames]],
      ] as const) {
        b.frames.length = 0;
        const stranger = await bench.links.intrude?.(b.local.address, Buffer.concat(words));
        for (let i = 0; i < 3; i++) await bench.arrives(a, b, pattern(100, 10 + i));
        const taken = b.frames.find(({ frame }) => frame.length === 200);
        ensure(
          taken === undefined,
          `with ${what} on its connection somebody had a frame delivered, as one of ${taken?.from.id}`,
        );
        stranger?.close();
      }
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-58",
      title: "an introduction that is nonsense costs its connection and nothing else",
      requires: ["TRANSPORT-57"],
      capabilities: ["introduction"],
      rule: STRANGERS,
    },
    async (bench) => {
      const [a, b] = await oneDials(bench);
      const { frames } = await recorded(bench, a, b, 1);
      await settled(bench, a, b);
      for (const [i, words] of nonsense(a).entries()) {
        const said = bench.subject.introduction?.(words) ?? words;
        const stranger = await bench.links.intrude?.(
          b.local.address,
          Buffer.concat([said, frames]),
        );
        await bench.arrives(a, b, pattern(100, i % 50));
        stranger?.close();
        const taken = b.frames.find(({ frame }) => frame.length === 200);
        ensure(
          taken === undefined,
          `who introduced itself with ${new TextDecoder().decode(words).slice(0, 200)} had a frame delivered, as one of ${String(taken?.from.id)}`,
        );
      }
      onlyFrom(b, "n1", 100);
    },
  ),
];

/**
 * What was said on a connection up to the beginning of a frame, and a little of that. Where its
 * bytes aren't on the line as they are (WebSockets mask them), it begins after what was said before.
 * @returns no bytes if the frame wasn't on this connection
 */
function beginningOf(frame: Uint8Array, words: Uint8Array, before: number): Uint8Array {
  const begins = Buffer.from(words).indexOf(frame.subarray(0, 16));
  if (begins >= 0) return words.slice(0, begins + 1000);
  return words.length - before < frame.length ? new Uint8Array(0) : words.slice(0, before + 1000);
}

/** @returns by how many bytes the memory grows while so many strangers have said this */
async function costOfStrangers(
  bench: Bench,
  a: TestNode,
  b: TestNode,
  count: number,
  words: Uint8Array,
): Promise<number> {
  b.frames.length = 0;
  const held = await heldBytes();
  const strangers: (Intruder | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    strangers.push(await bench.links.intrude?.(b.local.address, words));
  }
  await bench.arrives(a, b, pattern(100, 3)); // what the strangers said has been read
  for (let i = 0; i < 8 * QUIET_TURNS; i++) await nextTurn();
  const grown = (await heldBytes()) - held;
  for (const stranger of strangers) stranger?.close();
  return grown;
}

/**
 * Byte arrays that somebody holds: what nobody does is collected first, again and again, as what
 * ended connections held goes only turns after the first time.
 */
async function heldBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  for (let turns = 0; turns < QUIET_TURNS; turns++) {
    if (typeof collect === "function") collect();
    await nextTurn();
  }
  return process.memoryUsage().arrayBuffers;
}

export const listeners: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-74",
      title: "who is dialled turns strangers away itself, and doesn't leave that to who dials",
      requires: ["TRANSPORT-31", "TRANSPORT-57"],
      capabilities: ["introduction"],
      rule: "Election Safety (Raft §5.2): terms and votes of one cluster mean nothing in another (cockroachdb/cockroach#37907); who dials may be of a build that doesn't ask",
    },
    async (bench) => {
      const [a, b] = await oneDials(bench);
      const { introduction, frames } = await recorded(bench, a, b, 2);
      for (const strange of [{ clusterId: "blue" }, { codec: "cbor" }]) {
        // Of the same name: an introduction may say whom it is for.
        const other = await bench.start("n2", strange);
        const friend = await bench.start("n3", strange);
        await bench.list(friend, [other.local]);
        await bench.arrives(friend, other, pattern(100, 1));
        const stranger = await bench.links.intrude?.(
          other.local.address,
          Buffer.concat([introduction, frames]),
        );
        for (let i = 0; i < 3; i++) await bench.arrives(friend, other, pattern(100, 10 + i));
        const taken = other.frames.find(({ frame }) => frame.length === 200);
        ensure(
          taken === undefined,
          `somebody of another cluster or codec dialled, asked nothing, and had a frame delivered to a node with ${JSON.stringify(strange)}, as one of ${taken?.from.id}: the side that is dialled must turn it away, too`,
        );
        stranger?.close();
      }
    },
  ),
];

async function oneDials(bench: Bench): Promise<[TestNode, TestNode]> {
  const [a, b] = [await bench.start("n1"), await bench.start("n2")];
  await bench.list(a, [b.local]);
  return [a, b];
}

/** What a node says before its first frame, and from there on. */
async function recorded(
  bench: Bench,
  from: TestNode,
  to: TestNode,
  seed: number,
): Promise<{ readonly introduction: Uint8Array; readonly frames: Uint8Array }> {
  const connections = bench.links.record?.(from.id, to.id) ?? (() => []);
  const said = (): Uint8Array => connections().at(-1) ?? new Uint8Array(0);
  const quiet = async (): Promise<Uint8Array> => {
    for (let turns = 0, before = -1; turns < QUIET_TURNS; turns++) {
      if (said().length !== before || before === 0) turns = 0;
      before = said().length;
      await nextTurn();
    }
    return said();
  };
  const introduction = await bench.settles(`${from.id} had introduced itself`, quiet());
  await bench.arrives(from, to, pattern(200, seed));
  const all = await bench.settles("it was silent", quiet());
  return { introduction, frames: all.slice(introduction.length) };
}

/** What was recorded may have been sent more than once: waits until no more of it comes. */
async function settled(bench: Bench, a: TestNode, b: TestNode): Promise<void> {
  do {
    b.frames.length = 0;
    for (let i = 0; i < 3; i++) await bench.arrives(a, b, pattern(100, i));
  } while (b.frames.some(({ frame }) => frame.length === 200));
}

function onlyFrom(at: TestNode, id: string, length: number): void {
  const other = at.frames.find(({ from, frame }) => from.id !== id || frame.length !== length);
  ensure(
    other === undefined,
    `out of nonsense came ${other === undefined ? "" : `${describe(other.frame)} from ${other.from.id}`}`,
  );
}
