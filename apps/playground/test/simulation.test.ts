// A run depends on its setup and its actions alone, and each action does what it says.
import { expect, test } from "vitest";
import type { Action } from "../src/model/actions.js";
import { linkOf, readLink } from "../src/model/link.js";
import type { Picture } from "../src/model/picture.js";
import { pictureOf } from "../src/model/picture.js";
import type { Script } from "../src/model/simulation.js";
import { BadScript, replay, rewind, Simulation } from "../src/model/simulation.js";
import { fractionOf } from "../src/model/world.js";
import { Run } from "../src/scenes/run.js";

function runUntil(simulation: Simulation, condition: (picture: Picture) => boolean): Picture {
  for (let events = 0; events < 20_000; events++) {
    const picture = pictureOf(simulation.world);
    if (condition(picture)) return picture;
    simulation.step();
  }
  throw new Error("it doesn't come to that");
}

function withLeader(seed = 1, nodes = 5): Simulation {
  const simulation = new Simulation({ seed, nodes });
  runUntil(simulation, ({ nodes: all }) => all.every(({ appliedIndex }) => appliedIndex >= 2));
  return simulation;
}

const leaderOf = (simulation: Simulation): number =>
  pictureOf(simulation.world).leader?.number ?? 0;

test.each([3, 4, 5, 6, 7])("%i nodes elect a leader and apply a request", (nodes) => {
  const simulation = withLeader(nodes, nodes);
  simulation.act({ type: "request", node: leaderOf(simulation) });
  const { nodes: all } = runUntil(simulation, (picture) =>
    picture.nodes.every(({ appliedIndex }) => appliedIndex >= 3),
  );
  expect(all.map(({ machine }) => machine)).toEqual(Array(nodes).fill({ x: "1" }));
});

/** Ends in the middle of a message's way. */
function busyRun(): Simulation {
  const simulation = withLeader();
  const leader = leaderOf(simulation);
  const act = (action: Action): void => {
    expect(simulation.act(action)).toBe(true);
    for (let i = 0; i < 7; i++) simulation.step();
    simulation.waitUntil(simulation.world.now + 1);
  };
  act({ type: "request", node: leader });
  act({ type: "cut", node: leader, other: (leader % 5) + 1 });
  act({ type: "loss", percent: 20 });
  act({ type: "request", node: (leader % 5) + 1 });
  act({ type: "crash", node: leader });
  act({ type: "timeout", node: (leader % 5) + 1 });
  act({ type: "restart", node: leader });
  const [flight] = simulation.world.flights.keys();
  if (flight !== undefined) act({ type: "delay", message: flight });
  const [other] = simulation.world.flights.keys();
  if (other !== undefined) act({ type: "drop", message: other });
  act({ type: "mendAll" });
  act({ type: "add" });
  return simulation;
}

test("the same setup and actions give the same run", () => {
  const simulation = busyRun();
  const again = replay(simulation.script);
  expect(again.fingerprint).toBe(simulation.fingerprint);
  expect(pictureOf(again.world)).toEqual(pictureOf(simulation.world));
  expect(again.world.occurrences).toEqual(simulation.world.occurrences);
  for (let i = 0; i < 200; i++) {
    simulation.step();
    again.step();
  }
  expect(again.fingerprint).toBe(simulation.fingerprint);
});

test("another seed gives another run", () => {
  expect(withLeader(1).fingerprint).not.toBe(withLeader(2).fingerprint);
});

test("one event back is the state before it", () => {
  const simulation = busyRun();
  const { fingerprint, moment } = simulation;
  simulation.step();
  expect(rewind(simulation, moment).fingerprint).toBe(fingerprint);
});

test("a link holds the run", () => {
  const simulation = busyRun();
  const { script, fingerprint } = simulation;
  const hash = linkOf({ script, scene: undefined, fingerprint });
  const read = readLink(hash, (_, seed, nodes = 5) => ({ seed, nodes }));
  expect(read?.script).toEqual<Script>(script);
  expect(read?.fingerprint).toBe(fingerprint);
  expect(Run.ofLink(hash)?.isSame).toBe(true);
  expect(Run.ofLink(hash.replace(/is=.*/, "is=00000000"))?.isSame).toBe(false);
});

test.each([
  ["no whole number", "#seed=x"],
  ["no whole number", "#seed=1&to=1.y"],
  ["is no action", "#seed=1&do=1.1.z1&to=1.1"],
  ["3 to 7 nodes", "#seed=1&nodes=8"],
  ["a scene that isn't there", "#seed=1&scene=nowhere"],
  ["means nothing", "#seed=1&do=1.1.d99&to=1.1"],
  ["50000 events", "#seed=1&to=50001.1"],
])("a link that can't be read says so: %s", (why, hash) => {
  expect(() => Run.ofLink(hash)).toThrow(BadScript);
  expect(() => Run.ofLink(hash)).toThrow(why);
});

test("a run that is too long for a link says so", () => {
  const { script } = new Simulation({ seed: 1, nodes: 3 });
  const long = { ...script, end: { events: 50_001, ms: 0 } };
  const link = { script: long, scene: undefined, fingerprint: undefined };
  expect(() => linkOf(link)).toThrow("share an earlier moment");
});

test("what is no link of ours is none", () => {
  expect(Run.ofLink("")).toBeUndefined();
  expect(Run.ofLink("#something")).toBeUndefined();
});

test("an action that means nothing changes nothing and isn't recorded", () => {
  const simulation = withLeader();
  const { fingerprint } = simulation;
  const leader = leaderOf(simulation);
  const senseless: readonly Action[] = [
    { type: "restart", node: 1 },
    { type: "timeout", node: leader },
    { type: "crash", node: 9 },
    { type: "drop", message: 0 },
    { type: "cut", node: 1, other: 1 },
  ];
  for (const action of senseless) expect(simulation.act(action)).toBe(false);
  expect(simulation.fingerprint).toBe(fingerprint);
  expect(simulation.actions).toEqual([]);
});

test("a message that is dropped doesn't arrive, and is sent again", () => {
  const simulation = withLeader();
  simulation.act({ type: "request", node: leaderOf(simulation) });
  const entries = [...simulation.world.flights.values()].filter(
    ({ message }) => message.type === "appendEntries" && message.entries.length > 0,
  );
  expect(entries).toHaveLength(4);
  for (const { id } of entries) simulation.act({ type: "drop", message: id });
  expect(entries.some(({ id }) => simulation.world.flights.has(id))).toBe(false);
  runUntil(simulation, ({ nodes }) => nodes.every(({ appliedIndex }) => appliedIndex >= 3));
});

test("a message that is delayed stays where it is and goes on more slowly", () => {
  const simulation = withLeader();
  simulation.act({ type: "request", node: leaderOf(simulation) });
  const flight = [...simulation.world.flights.values()].at(-1);
  if (!flight) throw new Error("nothing was sent");
  simulation.waitUntil(simulation.world.now + 2);
  const before = fractionOf(flight, simulation.world.now);
  const endedAt = flight.end.at;
  simulation.act({ type: "delay", message: flight.id });
  expect(fractionOf(flight, simulation.world.now)).toBeCloseTo(before);
  expect(flight.end.at).toBe(endedAt + 100);
});

test("a link that is cut loses what is in its first half", () => {
  const simulation = withLeader(1, 3);
  const leader = leaderOf(simulation);
  const other = (leader % 3) + 1;
  simulation.act({ type: "request", node: leader });
  simulation.act({ type: "cut", node: leader, other });
  const lost = [...simulation.world.flights.values()].filter(({ endFraction }) => endFraction < 1);
  expect(lost.map(({ to }) => to)).toContain(`S${other}`);
  simulation.act({ type: "mend", node: leader, other });
  runUntil(simulation, ({ nodes }) => nodes.every(({ appliedIndex }) => appliedIndex >= 3));
});

test("a crash loses what isn't on the disk, and keeps what is", () => {
  const simulation = withLeader();
  const leader = leaderOf(simulation);
  simulation.act({ type: "request", node: leader });
  const before = pictureOf(simulation.world).nodes[leader - 1];
  expect(before?.entries).toHaveLength(3);
  expect(before?.durableIndex).toBe(2);
  simulation.act({ type: "crash", node: leader });
  const after = pictureOf(simulation.world).nodes[leader - 1];
  expect(after).toMatchObject({ state: "down", machine: {} });
  expect(after?.entries).toHaveLength(2);
  simulation.act({ type: "restart", node: leader });
  expect(pictureOf(simulation.world).nodes[leader - 1]).toMatchObject({ state: "up", term: 2 });
});

test("a leadership is handed on", () => {
  const simulation = withLeader();
  const target = (leaderOf(simulation) % 5) + 1;
  simulation.act({ type: "transfer", node: target });
  expect(runUntil(simulation, ({ leader }) => leader?.number === target).leader?.term).toBe(3);
});

test("logs are shortened by themselves", () => {
  const simulation = withLeader(1, 3);
  const leader = leaderOf(simulation);
  for (let request = 0; request < 60; request++) {
    simulation.act({ type: "request", node: leader });
    runUntil(simulation, ({ nodes }) => nodes.every((node) => node.appliedIndex >= request + 3));
  }
  const { nodes } = pictureOf(simulation.world);
  expect(nodes.every(({ base }) => base.index > 0)).toBe(true);
  expect(nodes.map(({ machine }) => machine)).toEqual(Array(3).fill({ x: "58", y: "59", z: "60" }));
});
