// Whom a transport knows: who is admitted and met, where nodes are reached, and what is told.
import { expect, test } from "vitest";
import { Contacts } from "../src/index.js";
import { hello } from "./support/hello.js";

/** Node `a`, what its handler was told, and a time and a `defer` that the test drives. */
function create(): {
  readonly contacts: Contacts;
  readonly told: string[];
  readonly clock: { ms: number };
  /** What was told since the last call. */
  readonly news: () => readonly string[];
} {
  const told: string[] = [];
  const deferred: (() => void)[] = [];
  const clock = { ms: 0 };
  const contacts = new Contacts(
    hello("a"),
    1000,
    {
      receive: (from, frame) => told.push(`${JSON.stringify(from)} sent ${frame.length}`),
      met: (from) => told.push(`met ${from.id} ${from.run}`),
      unreachable: (to) => told.push(`${to} unreachable`),
      rejected: ({ code, message }) => told.push(`${code}: ${message}`),
    },
    () => clock.ms,
    (tell) => deferred.push(tell),
  );
  const news = (): readonly string[] => {
    for (const tell of deferred.splice(0)) tell();
    return told.splice(0);
  };
  return { contacts, told, clock, news };
}

const b = hello("b");

test("who belongs here is admitted, and who doesn't is told of once until the lists change", () => {
  const { contacts, told, news } = create();
  const blue = hello("b", { clusterId: "blue" });
  expect([contacts.admit(b, null), contacts.admit(b, "b")]).toEqual([true, true]);
  expect([contacts.admit(blue, null), contacts.admit(blue, "b")]).toEqual([false, false]);
  expect(contacts.admit(b, "c")).toBe(false);
  expect(contacts.admit(undefined, null)).toBe(false);
  expect(told).toEqual([]); // not from inside a call
  const wrong = 'turned away b (at-b): b belongs to cluster "blue", a to "green"';
  const strange = "WRONG_PEER: turned away b (at-b): a looked for c and found b";
  expect(news()).toEqual([
    `CLUSTER_MISMATCH: ${wrong}; give both the same cluster id`,
    `${strange}; check the addresses of c and b`,
  ]);
  contacts.admit(blue, null);
  expect(news()).toEqual([]);
  contacts.list([], []);
  contacts.admit(blue, null);
  expect(news()).toHaveLength(1);
});

test("this run of this node is passed over without a word; its namesakes aren't", () => {
  const { contacts, news } = create();
  expect(contacts.admit(hello("a"), null)).toBe(false);
  expect(news()).toEqual([]);
  const namesakes = [hello("a", { run: 2 }), hello("a", { incarnation: "another-directory" })];
  for (const namesake of namesakes) {
    contacts.list([], []);
    expect(contacts.admit(namesake, null)).toBe(false);
    expect(news()[0]).toMatch(/^DUPLICATE_ID: /);
  }
});

test("a node is reached where it is listed, else at the seed where it answered, else where it says", () => {
  const { contacts, news } = create();
  expect(contacts.addressOf("b")).toBeUndefined();
  contacts.heard(b);
  expect(contacts.addressOf("b")).toBe("at-b");
  contacts.list([], ["seed", "other", "seed"]);
  expect(contacts.seeds).toEqual(["seed", "other"]);
  contacts.answered("seed", b);
  expect(contacts.addressOf("b")).toBe("seed");
  contacts.list([{ id: "b", address: "listed" }], ["seed"]);
  expect(contacts.addressOf("b")).toBe("listed");
  contacts.list([], []);
  expect(contacts.addressOf("b")).toBe("at-b");
  contacts.answered("seed", hello("c"));
  expect([contacts.addressOf("c"), news()]).toEqual([undefined, ["met b 1"]]);
});

test("who left a seed, and speaks from elsewhere, is answered there", () => {
  const { contacts } = create();
  contacts.list([], ["seed", "other"]);
  contacts.answered("seed", b);
  const moved = hello("b", { run: 2, address: "new" });
  contacts.heard(moved);
  expect(contacts.addressOf("b")).toBe("seed"); // somebody answers there
  contacts.answered("seed", undefined);
  expect(contacts.addressOf("b")).toBe("new");
  contacts.answered("other", moved);
  expect(contacts.addressOf("b")).toBe("other");
  contacts.answered("other", undefined);
  expect(contacts.addressOf("b")).toBe("other"); // the same run: it was there, whatever it says itself
});

test("who was found at a seed isn't sent to where an earlier run of it spoke from", () => {
  const { contacts } = create();
  contacts.list([], ["seed"]);
  contacts.heard(hello("b", { address: "old" }));
  contacts.answered("seed", hello("b", { run: 2 }));
  contacts.answered("seed", undefined);
  expect(contacts.addressOf("b")).toBe("seed");
  // Of two data directories neither is the earlier one.
  contacts.heard(hello("b", { incarnation: "another-directory", address: "new" }));
  expect(contacts.addressOf("b")).toBe("new");
});

test("who answers at a seed is met if nobody, or somebody else, was there before", () => {
  const { contacts, told, news } = create();
  contacts.list([], ["seed"]);
  contacts.answered("seed", undefined);
  contacts.answered("seed", b);
  expect(told).toEqual([]);
  contacts.answered("seed", hello("b"));
  expect(news()).toEqual(["met b 1"]);
  contacts.answered("seed", hello("b", { run: 2 }));
  contacts.answered("seed", hello("c"));
  expect(news()).toEqual(["met b 2", "met c 1"]);
  contacts.answered("seed", undefined);
  expect(contacts.addressOf("c")).toBe("seed"); // it may be there again
  contacts.answered("seed", hello("c"));
  expect(news()).toEqual(["met c 1"]);
  contacts.list([], ["seed"]);
  contacts.answered("seed", hello("c"));
  expect(news()).toEqual([]);
});

test("frames come with their sender alone, and a limited number of unlisted ones is answered", () => {
  const { contacts, news } = create();
  contacts.heard(b, new Uint8Array(3));
  contacts.heard(b, new Uint8Array(0));
  const from = '{"id":"b","incarnation":"b-0123456789abcdef","run":1}';
  expect(news()).toEqual([`${from} sent 3`, `${from} sent 0`]);
  for (let i = 0; i < 100; i++) {
    contacts.heard(hello("b"));
    contacts.heard(hello(`s${i}`));
  }
  const known = ["b", "s0", "s36", "s37", "s99"].filter((id) => contacts.addressOf(id));
  expect(known).toEqual(["b", "s37", "s99"]);
});

test("a run that is cut off isn't admitted for so long; its namesakes and its next run are", () => {
  const { contacts, clock, news } = create();
  contacts.heard(b);
  contacts.cutOff(hello("b", { run: 7 }), 100);
  expect([contacts.admit(b, null), contacts.addressOf("b")]).toEqual([true, "at-b"]);
  contacts.cutOff(b, 100);
  expect([contacts.admit(b, null), contacts.addressOf("b")]).toEqual([false, undefined]);
  expect(contacts.admit(hello("b", { run: 2 }), null)).toBe(true);
  expect(contacts.admit(hello("b", { incarnation: "another-directory" }), null)).toBe(true);
  clock.ms = 99;
  expect(contacts.admit(b, null)).toBe(false);
  contacts.cutOff(b, 100);
  clock.ms = 198;
  expect(contacts.admit(b, null)).toBe(false);
  clock.ms = 199;
  expect(contacts.admit(b, null)).toBe(true);
  expect(news()).toEqual([]);
});

test("losses are told later, and nothing once it is closed", () => {
  const { contacts, told, news } = create();
  expect(contacts.lost("b")).toBe(false);
  expect(told).toEqual([]);
  expect(news()).toEqual(["b unreachable"]);
  contacts.list([{ id: "b", address: "listed" }], ["seed"]);
  contacts.lost("b");
  contacts.admit(hello("c", { codec: "msgpack" }), null);
  contacts.answered("seed", b);
  contacts.close();
  contacts.list([{ id: "b", address: "listed" }], ["seed"]);
  contacts.heard(b, new Uint8Array(3));
  contacts.lost("b");
  expect([news(), contacts.addressOf("b"), contacts.seeds]).toEqual([[], undefined, []]);
});
