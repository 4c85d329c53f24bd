// Who reaches whom where members come and go: a connection needs one side that dials the other's
// present address. A node that joins dials the addresses that it was started with, and is told who
// answers there.
import { isListed, serversOf } from "@raftkit/core";
import type { Member, World } from "./world.js";
import { planAction } from "./world.js";

const DIAL_MS = 100;
/** So many addresses whoever joins is given. */
const SEEDS = 2;

export function areConnected(a: Member, b: Member): boolean {
  return dials(a, b) || dials(b, a);
}

function dials({ dials: known, seeds }: Member, { address }: Member): boolean {
  return known.has(address) || seeds.has(address);
}

/** Present members, as far as somebody who sees everything knows. */
export function seedsFor(world: World, member: Member): ReadonlySet<string> {
  const latest = latestConfiguration(world);
  const ids = (latest?.voters ?? world.bootstrap).map(({ id }) => id);
  const others = world.members.filter(({ id }) => id !== member.id && ids.includes(id));
  const first = world.random.operators.integer(Math.max(1, others.length));
  return new Set([...others.slice(first), ...others].slice(0, SEEDS).map(({ address }) => address));
}

/** Of whoever leads the latest term; undefined: nobody holds one. */
export function latestConfiguration(
  world: World,
): Member["log"]["configurations"][number]["configuration"] | undefined {
  let best: Member | undefined;
  const rank = (one: Member): number => (one.role === "leader" ? one.currentTerm : 0);
  for (const member of world.members) {
    if (member.log.configurations.length === 0) continue;
    const isBetter =
      !best ||
      rank(member) > rank(best) ||
      (rank(member) === rank(best) && member.log.lastIndex > best.log.lastIndex);
    if (isBetter) best = member;
  }
  return best?.log.configurations.at(-1)?.configuration;
}

/**
 * A node is told whom its transport reaches, once in a run, and as long as it isn't named again.
 */
export function dialSeeds(world: World, member: Member, hasMet = false): void {
  const { run } = member;
  planAction(world, world.now + 1 + world.random.operators.integer(DIAL_MS), () => {
    if (!member.raft || member.run !== run) return;
    const { configuration } = member.raft.status;
    const isNamed = configuration && isListed(serversOf(configuration), member);
    let isTold = hasMet;
    if (member.pausedUntil <= world.now && (isNamed !== true || !hasMet)) {
      const found = world.members.filter(
        (other) => other.raft && member.seeds.has(other.address) && !isCut(world, member, other),
      );
      isTold ||= found.length > 0;
      if (found.length > 0) {
        member.tell({ type: "met", from: world.random.operators.pick(found).sender });
      }
    }
    dialSeeds(world, member, isTold);
  });
}

function isCut(world: World, { number: a }: Member, { number: b }: Member): boolean {
  const { links, members, now } = world;
  return [a * members.length + b, b * members.length + a].some((at) =>
    links[at]?.faults.some(({ until }) => until > now),
  );
}
