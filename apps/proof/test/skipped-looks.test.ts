// Invariants that leave a look out where nothing has changed judge as those that look each time:
// random histories, which no cluster needs to be able to have, are shown to both.
import type { Member } from "@raftkit/core";
import type { SeededRandom } from "@raftkit/simulation";
import { createRandom } from "@raftkit/simulation";
import { expect, test } from "vitest";
import { createInvariants } from "../src/invariants/all.js";
import { configurationSafety, isQuorum } from "../src/invariants/configuration-safety.js";
import type { Invariant } from "../src/invariants/invariant.js";
import { InvariantBroken } from "../src/invariants/invariant.js";
import { nameOf } from "../src/invariants/view.js";
import type { HandmadeView } from "./support/views.js";
import { configuration, give, memberNamed, viewOf } from "./support/views.js";

const HISTORIES = 100;
const STEPS = 60;

/** @returns what it says is broken; "": nothing */
function verdictOf(look: () => void): string {
  try {
    look();
    return "";
  } catch (error) {
    if (error instanceof InvariantBroken) return error.check;
    throw error;
  }
}

/** @returns how often both said that something is broken */
function compare(
  one: () => Invariant,
  other: () => Invariant,
  step: (node: HandmadeView, random: SeededRandom) => (invariant: Invariant) => void,
): number {
  let broken = 0;
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const random = createRandom(seed);
    const nodes = ["n1", "n2", "n3"].map((id) => viewOf(id));
    for (const node of nodes) give(node, configuration(1, 1, ["n1", "n2", "n3"]));
    const both = [one(), other()];
    const verdicts = Array.from({ length: STEPS }, () => {
      const look = step(random.pick(nodes), random);
      return both.map((invariant) => verdictOf(() => look(invariant)));
    });
    const wanted = verdicts.map(([, verdict]) => verdict);
    expect(
      verdicts.map(([verdict]) => verdict),
      `seed ${seed}`,
    ).toEqual(wanted);
    broken += wanted.filter((verdict) => verdict !== "").length;
  }
  return broken;
}

/** Counts every vote each time. */
function allVotes(): Invariant {
  const votes: { readonly by: string; readonly term: number; readonly of: Member }[] = [];
  const elected = new Map<string, number>();
  return {
    durable({ incarnation, disk: { currentTerm: term, votedFor: of } }) {
      if (of) votes.push({ by: incarnation, term, of });
    },
    changed(node) {
      if (node.role !== "leader" || elected.get(node.incarnation) === node.currentTerm) return;
      elected.set(node.incarnation, node.currentTerm);
      const current = node.log.configurations.at(-1)?.configuration;
      const has = ({ incarnation }: Member): boolean =>
        votes.some(
          ({ by, term, of }) =>
            by === incarnation && term === node.currentTerm && nameOf(of) === nameOf(node),
        );
      if (!current || !isQuorum(current, has)) {
        throw new InvariantBroken("configuration-safety", "no quorum");
      }
    },
  };
}

test("votes on disks, where a disk that holds the same vote isn't counted again", () => {
  const broken = compare(configurationSafety, allVotes, (node, random) => {
    const { disk } = node;
    if (random.chance(0.6)) {
      if (random.chance(0.3)) disk.currentTerm = 1 + random.integer(6);
      if (random.chance(0.5)) disk.votedFor = memberNamed(random.pick(["n1", "n2", "n3"]));
      return (invariant) => invariant.durable?.(node);
    }
    node.role = random.pick(["leader", "follower"]);
    node.currentTerm = 1 + random.integer(6);
    return (invariant) => invariant.changed?.(node);
  });
  expect(broken).toBeGreaterThan(50);
});

/** Shows each change so many times: an event after which all is as before shows it again. */
function shown(times: number): Invariant {
  const watch = createInvariants({ nodes: [] });
  return {
    ...watch,
    changed(node) {
      for (let i = 0; i < times; i++) watch.changed(node);
    },
  };
}

test("roles, terms and votes, where what is the same in a run isn't shown again", () => {
  const broken = compare(
    () => shown(1),
    () => shown(3),
    (node, random) => {
      const { disk } = node;
      const dice = random.next();
      if (dice < 0.1) {
        node.role = "follower";
        ({ currentTerm: node.currentTerm, votedFor: node.votedFor } = disk);
        return (invariant) => invariant.started?.(node);
      }
      if (dice < 0.4) {
        ({ currentTerm: disk.currentTerm, votedFor: disk.votedFor } = node);
        return (invariant) => invariant.durable?.(node);
      }
      node.role = random.pick(["leader", "follower", "candidate"]);
      node.currentTerm += random.integer(2);
      if (random.chance(0.5)) node.votedFor = memberNamed(random.pick(["n1", "n2", "n3"]));
      return (invariant) => invariant.changed?.(node);
    },
  );
  expect(broken).toBeGreaterThan(50);
});
