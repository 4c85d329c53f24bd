// The change feed: what is published is what watches get, in order, without gaps or doubles, or a
// typed end that says what to do.
import { expect, onTestFinished, test } from "vitest";
import { createChangeFeed } from "../src/index.js";
import type { ChangeFeed, ChangeFeedOptions, Changes, LazyEvents, Watch } from "../src/index.js";
import { createVirtualClock } from "./support/clock.js";
import type { VirtualClock } from "./support/clock.js";
import { countKept } from "./support/garbage.js";

interface Bench {
  readonly clock: VirtualClock;
  readonly feed: ChangeFeed<string>;
}

function bench(options: ChangeFeedOptions<string> = {}): Bench {
  const clock = createVirtualClock();
  const feed = createChangeFeed<string>({ clock, ...options });
  onTestFinished(() => feed.close());
  return { clock, feed };
}

/** Everything that a watch gives, and how it ended. */
interface Reading {
  readonly given: Changes<string>[];
  readonly flat: () => string[];
  ended: unknown;
}

function read(watch: Watch<string>): Reading {
  const reading: Reading = {
    given: [],
    flat: () => reading.given.flatMap(({ index, events }) => events.map((e) => `${index}${e}`)),
    ended: undefined,
  };
  void (async () => {
    try {
      for await (const changes of watch) reading.given.push(changes);
      reading.ended = "done";
    } catch (error) {
      reading.ended = error;
    }
  })();
  return reading;
}

test("a watch gives what is kept behind its position, then what comes, in order", async () => {
  const { clock, feed } = bench();
  feed.publish(2, ["a", "b"]);
  feed.publish(3, []);
  feed.publish(5, ["c"]);
  const readings = [0, 1, 2, 3, 4, 5].map((after) => read(feed.watch({ after })));
  await clock.flush();
  feed.publish(6, ["d"]);
  feed.publish(9, ["e", "f"]);
  await clock.flush();
  const end = ["6d", "9e", "9f"];
  expect(readings.map(({ flat }) => flat())).toEqual([
    ["2a", "2b", "5c", ...end],
    ["2a", "2b", "5c", ...end],
    ["5c", ...end],
    ["5c", ...end],
    ["5c", ...end],
    end,
  ]);
  const fromNow = read(feed.watch());
  feed.publish(10, ["g"]);
  await clock.flush();
  expect(fromNow.flat()).toEqual(["10g"]);
});

test("an index of a list at which nothing changed is a position like any other", async () => {
  const { clock, feed } = bench();
  feed.publish(1, ["a"]);
  feed.publish(4, []);
  const reading = read(feed.watch({ after: 4 }));
  await clock.run(60_000);
  expect(reading).toMatchObject({ given: [], ended: undefined });
  feed.publish(5, ["b"]);
  await clock.flush();
  expect(reading.flat()).toEqual(["5b"]);
});

test("each entry is published once, in order: anything else is refused", () => {
  const { feed } = bench();
  feed.publish(3, ["a"]);
  for (const index of [3, 2, 0, -1, 4.5, NaN]) {
    expect(() => feed.publish(index, ["b"])).toThrow(
      expect.objectContaining({ code: "CHANGE_FEED_ORDER" }),
    );
  }
  expect(feed.index).toBe(3);
});

test("a filter leaves out events, and progress says how far one has seen", async () => {
  const { clock, feed } = bench();
  const reading = read(
    feed.watch({ after: 0, filter: (event) => event.startsWith("a"), progressMs: 1000 }),
  );
  feed.publish(1, ["a1", "b1", "a2"]);
  await clock.flush();
  expect(reading.given).toEqual([{ index: 1, events: ["a1", "a2"] }]);
  for (let index = 2; index <= 3000; index++) feed.publish(index, ["b"]);
  await clock.run(999);
  expect(reading.given).toHaveLength(1);
  await clock.run(1);
  expect(reading.given.slice(1)).toEqual([{ index: 3000, events: [] }]);
  feed.publish(3001, []);
  await clock.run(1000);
  expect(reading.given.slice(2)).toEqual([{ index: 3001, events: [] }]);
  const { index = 0 } = reading.given.at(-1) ?? {};
  feed.publish(3002, ["a3"]);
  const resumed = read(feed.watch({ after: index }));
  await clock.flush();
  expect(resumed.flat()).toEqual(["3002a3"]);
});

test("what its reader still works on is not seen: progress comes behind it", async () => {
  const { clock, feed } = bench();
  const watch = feed.watch({ after: 0, progressMs: 10 });
  feed.publish(1, ["a"]);
  feed.publish(2, ["b"]);
  expect(await clock.outcome(watch.next())).toMatchObject({ value: { index: 1 } });
  await clock.run(1000);
  expect(await clock.outcome(watch.next())).toMatchObject({ value: { index: 2 } });
});

test("progress in the middle of a long catching up says how far that is, and no more", async () => {
  const { clock, feed } = bench();
  const filter = (event: string): boolean => event === "a";
  const watch = feed.watch({ after: 0, filter, progressMs: 10 });
  for (let index = 1; index <= 600; index++) feed.publish(index, ["b"]);
  feed.publish(601, ["a"]);
  clock.stall(10);
  const { value } = await watch.next();
  expect(value).toEqual({ index: expect.any(Number), events: [] });
  expect(value?.index).toBeLessThan(601);
  const resumed = read(feed.watch({ after: value?.index ?? 0, filter }));
  expect(await clock.outcome(watch.next())).toMatchObject({ value: { index: 601 } });
  await clock.flush();
  expect(resumed.flat()).toEqual(["601a"]);
});

test("a position of which changes are no longer kept is refused, with what to do", () => {
  const { feed } = bench({ maxEvents: 3 });
  for (let index = 1; index <= 5; index++) feed.publish(index * 2, [`e${index}`]);
  expect(feed.oldest).toBe(4);
  expect(() => feed.watch({ after: 3 })).toThrow(
    expect.objectContaining({
      code: "WATCH_COMPACTED",
      reason: "compacted",
      oldest: 4,
      index: 10,
      message: expect.stringContaining("list, then watch after the list's index"),
    }),
  );
  expect(feed.watches).toBe(0);
  expect(() => feed.watch({ after: 4 })).not.toThrow();
});

test("a restore ends the watches behind it, also those that wait, and no others", async () => {
  const { clock, feed } = bench();
  feed.publish(1, ["a"]);
  feed.publish(2, ["b"]);
  const waiting = read(feed.watch({ after: 2 }));
  const busy = feed.watch({ after: 0 });
  await clock.outcome(busy.next());
  const ahead = read(feed.watch({ after: 60 }));
  const at = read(feed.watch({ after: 50 }));
  await clock.flush();
  feed.restored(50);
  await clock.flush();
  const compacted = { code: "WATCH_COMPACTED", reason: "compacted", oldest: 50, index: 50 };
  expect(waiting).toMatchObject({ given: [], ended: compacted });
  await expect(busy.next()).rejects.toMatchObject(compacted);
  expect(() => feed.watch({ after: 49 })).toThrow(expect.objectContaining(compacted));
  for (let index = 51; index <= 61; index++) feed.publish(index, ["x"]);
  await clock.flush();
  expect(at.given.map(({ index }) => index)).toEqual([51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61]);
  expect(ahead.flat()).toEqual(["61x"]);
});

test("a slow reader is cut with a word, and the others aren't disturbed", async () => {
  const { clock, feed } = bench({ maxEvents: 10 });
  const slow = feed.watch({ after: 0 });
  const quick = read(feed.watch({ after: 0 }));
  feed.publish(1, ["1"]);
  expect(await clock.outcome(slow.next())).toMatchObject({ value: { index: 1 } });
  for (let index = 2; index <= 100; index++) {
    feed.publish(index, [String(index)]);
    await clock.flush();
  }
  await expect(slow.next()).rejects.toMatchObject({
    code: "WATCH_SLOW",
    reason: "slow",
    oldest: 90,
    index: 100,
    message: expect.stringContaining("list, then watch"),
  });
  expect(await slow.next()).toEqual({ done: true, value: undefined });
  expect(quick.given).toHaveLength(100);
  expect([quick.ended, feed.watches]).toEqual([undefined, 1]);
});

test("what is kept is bounded in bytes, and the newest is kept, whatever its size", async () => {
  const { clock, feed } = bench({ maxBytes: 1000, sizeOf: (event) => event.length });
  for (let index = 1; index <= 5; index++) feed.publish(index, ["x".repeat(372)]);
  expect(feed.oldest).toBe(3);
  const waiting = read(feed.watch({ after: 5 }));
  await clock.flush();
  feed.publish(6, ["y".repeat(5000)]);
  await clock.flush();
  expect(feed.oldest).toBe(5);
  expect(waiting.given).toHaveLength(1);
});

test("lazy events are made once, for whoever looks first, and from then on count as others do", async () => {
  const { clock, feed } = bench({ maxBytes: 1000, sizeOf: (event) => event.length });
  const made: number[] = [];
  const lazy = (index: number): LazyEvents<string> => ({
    count: 2,
    bytes: 100,
    make() {
      made.push(index);
      return ["a", "b"];
    },
  });
  for (let index = 1; index <= 5; index++) feed.publish(index, lazy(index));
  // 228 bytes each.
  expect([feed.oldest, made]).toEqual([1, []]);
  const [one, other] = [read(feed.watch({ after: 3 })), read(feed.watch({ after: 4 }))];
  await clock.flush();
  expect(one.flat()).toEqual(["4a", "4b", "5a", "5b"]);
  expect(other.flat()).toEqual(["5a", "5b"]);
  expect(made).toEqual([4, 5]);
  // Two of 228, two of 356, and one more: they are too many by two of those that were not made.
  expect(feed.oldest).toBe(1);
  feed.publish(6, lazy(6));
  expect(feed.oldest).toBe(3);
});

test("watches that nobody reads keep nothing alive", async () => {
  const feed = createChangeFeed<{ readonly n: number }>({ maxEvents: 100 });
  const watches = Array.from({ length: 50 }, () => feed.watch({ after: 0 }));
  const early = ((): WeakRef<object>[] =>
    Array.from({ length: 100 }, (_, n) => {
      const event = { n };
      feed.publish(n + 1, [event]);
      return new WeakRef(event);
    }))();
  for (const watch of watches) await watch.next();
  for (let n = 100; n < 300; n++) feed.publish(n + 1, [{ n }]);
  // The first was given to each: they may still hold it.
  expect(await countKept(early.slice(1))).toBe(0);
  feed.close();
});

test("beyond what is applied it waits, for so long and no longer", async () => {
  const { clock, feed } = bench({ aheadTimeoutMs: 500 });
  feed.publish(1, ["a"]);
  const soon = read(feed.watch({ after: 3 }));
  const never = read(feed.watch({ after: 2 ** 53 - 1 }));
  await clock.run(499);
  feed.publish(2, ["b"]);
  feed.publish(3, ["c"]);
  await clock.run(1);
  expect(never.ended).toMatchObject({ code: "WATCH_AHEAD", reason: "ahead", index: 3 });
  feed.publish(4, ["d"]);
  await clock.run(10_000);
  expect(soon.flat()).toEqual(["4d"]);
  expect([soon.ended, clock.timers]).toEqual([undefined, 0]);
});

test("a position that isn't applied yet is no progress: nothing is told of it until it is", async () => {
  const { clock, feed } = bench({ aheadTimeoutMs: 500 });
  feed.publish(1, ["a"]);
  const ahead = read(feed.watch({ after: 3, progressMs: 100 }));
  await clock.run(450);
  expect(ahead.given).toEqual([]);
  feed.publish(2, ["b"]);
  await clock.run(10);
  expect(ahead.given).toEqual([]);
  feed.publish(3, ["c"]);
  await clock.run(10);
  expect(ahead.given).toEqual([{ index: 3, events: [] }]);
  feed.publish(4, ["d"]);
  await clock.run(150);
  expect(ahead.given.slice(1)).toEqual([
    { index: 4, events: ["d"] },
    { index: 4, events: [] },
  ]);
});

test("there are so many watches and no more; one that ends makes room", async () => {
  const { feed } = bench({ maxWatches: 2 });
  const first = feed.watch();
  feed.watch();
  expect(() => feed.watch()).toThrow(expect.objectContaining({ code: "WATCH_TOO_MANY" }));
  await first.return();
  expect(feed.watches).toBe(1);
  feed.watch();
});

test("a signal, return and close end it, also while it waits; nothing is left behind", async () => {
  const { clock, feed } = bench();
  const abort = new AbortController();
  const watches = [
    feed.watch({ signal: abort.signal, progressMs: 5000 }),
    feed.watch(),
    feed.watch(),
  ];
  const readings = watches.map(read);
  await clock.flush();
  expect(clock.timers).toBe(1);
  abort.abort();
  await clock.flush();
  expect(readings.map(({ ended }) => ended)).toEqual(["done", undefined, undefined]);
  await clock.outcome(Promise.resolve(watches[1]?.return()));
  await clock.flush();
  expect(readings.map(({ ended }) => ended)).toEqual(["done", "done", undefined]);
  feed.close();
  await clock.flush();
  expect(readings.map(({ ended }) => ended)).toEqual(["done", "done", "done"]);
  expect([feed.watches, clock.timers]).toEqual([0, 0]);
  for (const late of [feed.watch(), feed.watch({ signal: abort.signal })]) {
    expect(await late.next()).toEqual({ done: true, value: undefined });
  }
  expect(feed.watches).toBe(0);
});

test("a long catching up gives the event loop back, and no event twice", async () => {
  const turns: (() => void)[] = [];
  const { feed } = bench({
    clock: { now: () => 0, schedule: () => () => undefined, defer: (run) => void turns.push(run) },
  });
  for (let index = 1; index <= 1000; index++) feed.publish(index, [String(index)]);
  const all = read(feed.watch({ after: 0 }));
  const some = read(feed.watch({ after: 0, filter: (event) => Number(event) % 100 === 0 }));
  const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  for (let turn = 0; turn < 10; turn++) {
    await settle();
    expect(all.given.length).toBeLessThanOrEqual((turn + 1) * 256);
    for (const run of turns.splice(0)) run();
  }
  expect(all.given.map(({ index }) => index)).toEqual(
    Array.from({ length: 1000 }, (_, i) => i + 1),
  );
  expect(some.given.map(({ index }) => index)).toEqual(
    Array.from({ length: 10 }, (_, i) => (i + 1) * 100),
  );
});

test("a watch that is far behind makes no more events in a turn than it looks at", async () => {
  const turns: (() => void)[] = [];
  const { feed } = bench({
    clock: { now: () => 0, schedule: () => () => undefined, defer: (run) => void turns.push(run) },
  });
  let made = 0;
  const events = Array.from({ length: 100 }, (_, i) => String(i));
  const make = (): readonly string[] => ((made += events.length), events);
  for (let index = 1; index <= 20; index++) feed.publish(index, { count: 100, bytes: 0, make });
  const all = read(feed.watch({ after: 0 }));
  const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  for (let turn = 1; turn <= 7; turn++) {
    await settle();
    expect(made).toBeLessThanOrEqual(turn * (256 + 100));
    for (const run of turns.splice(0)) run();
  }
  expect(all.flat()).toHaveLength(2000);
});

test.each([
  [{ maxEvents: 0 }, /maxEvents: given 0/],
  [{ maxBytes: 1.5 }, /maxBytes/],
  [{ maxWatches: NaN }, /maxWatches/],
  [{ aheadTimeoutMs: -1 }, /aheadTimeoutMs/],
  [{ maxEvent: 1 }, /maxEvent: there is no such option; did you mean maxEvents/],
  [{ sizeOf: 3 }, /sizeOf/],
])("a feed with %j is refused", (options, message) => {
  expect(() => createChangeFeed(options as never)).toThrow(message);
});

test.each([
  [{ after: -1 }, /after: given -1/],
  [{ after: 2 ** 53 }, /after/],
  [{ after: "3" }, /after/],
  [{ progressMs: 0 }, /progressMs/],
  [{ prefix: "a" }, /prefix/],
])("a watch with %j is refused", (options, message) => {
  const { feed } = bench();
  expect(() => feed.watch(options as never)).toThrow(message);
  expect(feed.watches).toBe(0);
});
