// Operators of a simulated cluster in which members come and go: what the plan's faults of theirs
// do. They change members, start and invite joiners, move nodes, hand leaderships on; and joiners
// and those who drive a change die at bad moments.
import type { Configuration, Index, NodeId } from "@raftkit/core";
import { isJoint, serversOf, votersOf } from "@raftkit/core";
import type { SeededRandom } from "@raftkit/simulation";
import { joinerCell } from "../plans/coverage.js";
import { wantedMembers } from "../plans/member-changes.js";
import type { WantedMembers } from "../plans/member-changes.js";
import type { Fault, MemberChangeKind, Plan } from "../plans/plan.js";
import type { NodeView } from "../invariants/view.js";
import { memberChangeKinds } from "../plans/plan.js";
import type { AdministratorOptions } from "./administrator.js";
import { administer } from "./administrator.js";
import type { AskedChanges } from "./asked-changes.js";
import type { ChangeWatch } from "./change-watch.js";
import type { Computer } from "./computer.js";
import type { Losses } from "./losses.js";
import { configurationsInForce, createLosses, QUIET_MS } from "./losses.js";
import type { Places } from "./places.js";
import type { Run } from "./run-basics.js";
import { createStandings } from "./standings.js";
import type { Transfers } from "./transfers.js";
import type { View } from "./view.js";
import type { World } from "./world.js";

export interface Operators {
  readonly transfers: Transfers;
  readonly changes: ChangeWatch;
  readonly asked: AskedChanges;
  readonly places: Places;
  /** @returns whether it is one of an operator's */
  strike(fault: Fault, victim: Computer, durationMs: number, random: SeededRandom): boolean;
  /** Whom a fault of this kind befalls, if it is for somebody else than its role says. */
  victimsOf(kind: Fault["kind"]): readonly Computer[] | undefined;
  /** Whoever lost a disk joins again: members come and go. */
  readonly rejoins: boolean;
  readonly losses: Losses;
  opened(computer: Computer): void;
  /** A node was told that the configuration at this index doesn't name it. */
  removed(computer: Computer, index: Index): void;
  /** Nothing that was planned goes on. */
  end(): void;
  /** A node carries out what an operator asked for. */
  isDriving(): boolean;
  /** Until it is done. */
  change(wanted: WantedMembers, onDone: () => void): void;
  /** Started, and if it isn't a member, with addresses of those who are. */
  provide(computer: Computer): void;
}

/** What operators work with; the same for the whole run. */
export type OperatorParts = Pick<Operators, "asked" | "changes" | "transfers" | "places">;

export function createOperators(
  plan: Plan,
  { random: source, time, coverage, note, broken }: Run,
  world: World,
  view: View,
  nodes: readonly NodeView[],
  parts: OperatorParts,
): Operators {
  const { asked, changes, transfers, places } = parts;
  const { computers } = world;
  const random = source.fork("operators");
  /** Computers on which a change is driven. */
  const drivers: Computer[] = [];
  /** By each call; until then it may come about: for a while after the call's end, too. */
  const wishes: { readonly wanted: WantedMembers; until: number }[] = [];
  let hasEnded = false;

  const latest = (): Configuration | undefined =>
    view.leader()?.status?.configuration ?? asked.latest;
  const isNamed = ({ id }: Computer): boolean => {
    const now = latest();
    return now !== undefined && serversOf(now).some((server) => server.id === id);
  };

  const options: AdministratorOptions = {
    time,
    random,
    coverage,
    asked,
    note,
    broken,
    choose() {
      const up = computers.filter(
        (one) =>
          one.node !== undefined && !one.process.stalled && (isNamed(one) || random.chance(0.05)),
      );
      const leader = view.leader();
      if (leader && up.includes(leader) && random.chance(0.4)) return leader;
      return up.length === 0 ? undefined : random.pick(up);
    },
    driving(computer, isDriving) {
      if (!isDriving) drivers.splice(drivers.indexOf(computer), 1);
      else {
        if (wishes.filter(({ until }) => until === Infinity).length > 1) changes.note("rival");
        drivers.push(computer);
      }
      view.changed();
    },
    startAgain(ids) {
      for (const computer of computers) if (ids.includes(computer.id)) provide(computer);
    },
    withoutLost: () => withoutLost(latest(), computers),
  };

  const standings = createStandings(random, coverage, asked, broken);
  const isPast = ({ until }: { readonly until: number }): boolean => until <= time.now();
  /** Nobody changes the members, nor may a call of before still do so. */
  const areQuiet = (): boolean => wishes.every(isPast);
  const losses = createLosses(world, view, nodes, plan.founders ?? 0, areQuiet);

  async function run(wanted: WantedMembers, isPatient: () => boolean): Promise<boolean> {
    const own = { wanted, until: Infinity };
    wishes.push(own);
    places.grow();
    const isDone = await administer(options, wanted, isPatient);
    own.until = time.now() + QUIET_MS;
    return isDone;
  }

  function provide(computer: Computer): void {
    if (world.excluded.has(computer)) return;
    if (!isNamed(computer) && computer.runs > 0) {
      if (!computer.process.stopped) computer.crash();
      places.invite(computer);
    }
    if (!computer.isUp) computer.start();
  }

  function changeMembers(kind: MemberChangeKind, severity: number, patienceMs: number): void {
    const now = latest();
    // Nobody changes the members right after a disk was lost: it may be counted on.
    if (!now || hasEnded || losses.areFresh) return;
    const leader = view.leader()?.id;
    const leaderId = now.voters.some(({ id }) => id === leader) ? leader : undefined;
    const ids = computers.filter((one) => !world.excluded.has(one)).map(({ id }) => id);
    const wanted = wantedMembers(now, kind, severity, ids, leaderId, random);
    for (const computer of computers) {
      const isWanted = [...wanted.voters, ...wanted.learners].includes(computer.id);
      if (isNamed(computer) || !isWanted) continue;
      if (computer.runs > 0 && random.chance(0.4)) continue;
      const laterMs = random.chance(0.8) ? 0 : random.between(50, 500);
      time.at(time.now() + laterMs, () => {
        if (!hasEnded && !isNamed(computer)) provide(computer);
      });
    }
    const until = time.now() + patienceMs;
    let calls = 0;
    // Whoever gives up doesn't call again: what was asked for must not come about by itself.
    const isPatient = (): boolean =>
      !hasEnded && time.now() < until && (calls++ === 0 || random.chance(0.75));
    void run(wanted, isPatient);
  }

  const joiners = (): readonly Computer[] =>
    drivers.length > 0 ? joinersIn(latest(), computers) : [];

  function joinerDies(victim: Computer, severity: number, durationMs: number): void {
    const mayGo = severity > 0.5 && mayGoForGood(victim);
    coverage.countCell(joinerCell(mayGo ? "gone" : "back"));
    if (mayGo) world.exclude(victim);
    else endFor(victim, durationMs);
  }

  /**
   * At most one in a run, and where others are left without it: it isn't a voter, nor may a call
   * make it one of few. A joiner that dies late may vote by then, though the call that added it is
   * over.
   */
  function mayGoForGood({ id }: Computer): boolean {
    return (
      world.excluded.size + world.lost.size === 0 &&
      wishes.every((one) => isPast(one) || maySpare(one.wanted, id)) &&
      configurationsInForce(nodes).every((one) => votersOf(one).every((voter) => voter.id !== id))
    );
  }

  function move(victim: Computer, durationMs: number): void {
    const now = latest();
    // One after another, so that two that move never look for each other in vain. What the victim's
    // log says of the others needn't be asked here: this network finds peers by id, and only those
    // that join by address (in the core simulation peers are dialled where the log says).
    const isSettled =
      now && serversOf(now).every((one) => places.addressOf(one.id) === one.address);
    // A founder whose log is empty founds at the address that the others were told.
    const isThere = victim.disk.durable.log.lastIndex > 0;
    if (plan.founders === undefined || isSettled !== true || !isThere) return;
    places.move(victim);
    endFor(victim, durationMs);
  }

  function endFor(victim: Computer, durationMs: number): void {
    victim.crash();
    world.restartIn(victim, durationMs);
  }

  return {
    ...parts,
    losses,
    provide,
    strike({ kind, severity }, victim, durationMs, own) {
      const change = memberChangeKinds.find((one) => one === kind);
      if (change) changeMembers(change, severity, durationMs);
      else if (kind === "transfer") transfers.ask(victim, own);
      else if (kind === "joinerDies") joinerDies(victim, severity, durationMs);
      else if (kind === "driverDies") endFor(victim, durationMs);
      else if (kind === "moveAddress") move(victim, durationMs);
      else return false;
      return true;
    },
    victimsOf: (kind) =>
      kind === "joinerDies" ? joiners() : kind === "driverDies" ? drivers : undefined,
    rejoins: plan.founders !== undefined,
    opened(computer) {
      losses.opened(computer);
      if (plan.founders !== undefined) standings.opened(computer);
    },
    removed: (computer, index) => standings.removed(computer, index),
    end() {
      hasEnded = true;
    },
    isDriving: () => drivers.length > 0,
    change(wanted, onDone) {
      void run(wanted, () => true).then(onDone);
    },
  };
}

/** Whoever is to be a member, or is a learner: nobody counts on it. */
function joinersIn(
  now: Configuration | undefined,
  computers: readonly Computer[],
): readonly Computer[] {
  if (!now) return [];
  const voters = votersOf(now);
  return computers.filter(
    ({ id, isUp, status }) =>
      isUp && status?.role === "follower" && voters.every((voter) => voter.id !== id),
  );
}

/** Whether its voters, if it is one of them, are enough without it. */
function maySpare({ voters }: WantedMembers, id: NodeId): boolean {
  return !voters.includes(id) || voters.length > 3;
}

/**
 * @returns these members without learners that lost their disks; undefined: there are none. A voter
 * that lost its disk isn't meant: the leader itself takes it back.
 */
function withoutLost(
  now: Configuration | undefined,
  computers: readonly Computer[],
): WantedMembers | undefined {
  if (!now || isJoint(now) || now.rejoining) return undefined;
  const learners = now.learners.filter(({ id, incarnation }) => {
    const own = computers.find((one) => one.id === id)?.status?.incarnation ?? incarnation;
    return own === incarnation;
  });
  if (learners.length === now.learners.length) return undefined;
  return { voters: now.voters.map(({ id }) => id), learners: learners.map(({ id }) => id) };
}
