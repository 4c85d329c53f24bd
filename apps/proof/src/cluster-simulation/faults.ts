// What each kind of fault does to the world. A fault begins when it is told to; it reports once
// that it really struck, and undoes itself when its time is over. Which node, when, how long and
// how bad comes from the plan alone.
import type { NodeId } from "@raftkit/core";
import type { LinkSettings, SeededRandom } from "@raftkit/simulation";
import type { Fault, FaultKind } from "../plans/plan.js";
import type { Computer } from "./computer.js";
import { isSnapshotPath } from "./snapshot-files.js";
import type { LinkFault, World } from "./world.js";

/**
 * A fault that begins now. Those of links and disks are counted where they take effect: packet by
 * packet, write by write.
 */
export interface Strike {
  readonly world: World;
  readonly fault: Fault;
  readonly victim: Computer;
  /** Of this fault alone. */
  readonly random: SeededRandom;
  /** How long it lasts, so that it is over when the world heals. ms */
  readonly durationMs: number;
  /**
   * It takes effect now: counted under what the victim is at this moment, so say it before the
   * victim is gone.
   */
  readonly struck: (detail?: string) => void;
  readonly note: (detail: string) => void;
  /**
   * Nodes that close hand their leadership on first: told of leaders whether somebody else led
   * then.
   */
  readonly handedOver: ((isHandedOver: boolean) => void) | undefined;
}

export const strikes: Readonly<Partial<Record<FaultKind, (strike: Strike) => void>>> = {
  loss: onLinks((settings, severity) => ({ ...settings, loss: 0.1 + 0.8 * severity })),
  delay: onLinks((settings, severity) => ({
    ...settings,
    delayMs: {
      min: settings.delayMs.min + 120 * severity,
      max: settings.delayMs.max + 10 + 240 * severity,
    },
  })),
  duplicate: onLinks((settings, severity) => ({ ...settings, duplicate: 0.1 + 0.7 * severity })),
  reorder: onLinks((settings, severity) => ({
    ...settings,
    ordered: false,
    delayMs: { min: settings.delayMs.min, max: settings.delayMs.max + 5 + 80 * severity },
  })),
  corrupt: onLinks((settings, severity) => ({ ...settings, corrupt: 0.1 + 0.5 * severity })),
  slowLink: onLinks((settings, severity) => ({
    ...settings,
    bytesPerMs: 4 + 100 * (1 - severity),
  })),
  cutOneWay: onLinks((settings) => ({ ...settings, cut: true }), "oneWay"),
  partition,
  bridge,
  crash,
  crashAtAwait,
  powerCut(strike) {
    const { world, victim, random, struck, note } = strike;
    const survival = random.pick(["nothing", "everything", "prefix", "any"] as const);
    struck(`keeps ${survival}`);
    const loss = victim.crash(survival);
    note(`lost ${loss?.lostSectors ?? 0} sectors and ${loss?.lostNames ?? 0} names`);
    world.restartIn(victim, strike.durationMs);
  },
  pause({ victim, durationMs, struck }) {
    victim.process.stallFor(durationMs);
    struck();
  },
  wipe({ world, victim, durationMs, struck }) {
    if (!world.mayLose(victim)) return;
    struck();
    victim.crash();
    victim.disk.wipe();
    world.restartIn(victim, durationMs);
  },
  slowDisk(strike) {
    const { victim, fault } = strike;
    victim.disk.setSlowness(5 + Math.floor(200 * fault.severity));
    atEnd(strike, () => victim.disk.setSlowness(1));
  },
  hungDisk(strike) {
    strike.victim.disk.hang();
    atEnd(strike, () => strike.victim.disk.resume());
  },
  failedSync(strike) {
    const { duringInstall } = strike.fault;
    atEnd(
      strike,
      strike.victim.disk.failNextSync(duringInstall === undefined ? undefined : isSnapshotPath),
    );
  },
  diskFull,
  bitFlip(strike) {
    const { world, victim, durationMs, struck, note } = strike;
    if (!world.mayLose(victim)) return;
    struck();
    victim.crash();
    note(victim.disk.rot() ?? "there is nothing to rot");
    world.restartIn(victim, durationMs);
  },
  tornWrite: (strike) => cutInWrite(strike, "prefix"),
  reorderedWrites: (strike) => cutInWrite(strike, "reordered"),
  lostRename,
  slowSnapshots(strike) {
    const { disk } = strike.victim;
    disk.setSnapshotDelay(1 + Math.floor(60 * strike.fault.severity));
    atEnd(strike, () => disk.setSnapshotDelay(0));
  },
  noRoom(strike) {
    const { disk } = strike.victim;
    disk.setFree(Math.floor(1024 * strike.fault.severity));
    atEnd(strike, () => disk.setFree(undefined));
  },
  badReads(strike) {
    const { disk } = strike.victim;
    disk.setBadReads(true);
    atEnd(strike, () => disk.setBadReads(false));
  },
  rottenSnapshot(strike) {
    const { world, victim, random, note } = strike;
    if (!world.mayRot(victim)) return;
    const part = random.chance(0.8) ? "data" : "description";
    if (!victim.disk.rotSnapshot(part)) return;
    note(`its ${part}`);
    // A leader may find it while it reads, everyone at the next start.
    if (strike.fault.role === "leader" || random.chance(0.3)) return;
    victim.crash();
    world.restartIn(victim, strike.durationMs);
  },
  clockDrift(strike) {
    const { victim, fault, random, struck } = strike;
    // Whoever has leases vouches for the rate of its clock.
    const { leaseDriftRate: bound } = victim;
    const off = bound === undefined ? 0.02 + 0.4 * fault.severity : bound * fault.severity;
    victim.setRate(random.chance(0.5) ? 1 + off : 1 - off);
    struck();
    atEnd(strike, () => victim.setRate(1));
  },
  clockJump({ victim, fault, struck }) {
    const byMs = 20 + 2000 * fault.severity;
    if (victim.leaseDriftRate === undefined) victim.process.jump(byMs);
    else victim.clock.setWall(byMs);
    struck();
  },
  /** A virtual machine that is moved: nothing runs, and its clock doesn't know of it. */
  clockStall(strike) {
    const {
      victim: { process, clock },
      durationMs,
      struck,
    } = strike;
    process.stallFor(durationMs);
    clock.setRate(0);
    struck();
    atEnd(strike, () => clock.setRate(1));
  },
};

function atEnd({ world, durationMs }: Strike, run: () => void): void {
  world.time.at(world.time.now() + durationMs, run);
}

/** On some links of the victim, in one direction or both. */
function onLinks(
  change: (settings: LinkSettings, severity: number) => LinkSettings,
  directions: "any" | "oneWay" = "any",
): (strike: Strike) => void {
  return (strike) => {
    const { world, victim, random, fault } = strike;
    const others = world.computers.filter((computer) => computer !== victim).map(({ id }) => id);
    if (others.length === 0) return;
    const some = random.chance(0.4) ? [random.pick(others)] : others;
    const way = random.pick(
      directions === "any" ? (["in", "out", "both"] as const) : (["in", "out"] as const),
    );
    disturb(
      strike,
      `${way} ${some.join(",")}`,
      (from, to) =>
        (way !== "in" && from === victim.id && some.includes(to)) ||
        (way !== "out" && to === victim.id && some.includes(from)),
      (settings) => change(settings, fault.severity),
    );
  };
}

const cut = (settings: LinkSettings): LinkSettings => ({ ...settings, cut: true });

/** It is counted packet by packet. */
function disturb(
  strike: Strike,
  detail: string,
  hits: LinkFault["hits"],
  change: LinkFault["change"],
): void {
  strike.note(detail);
  atEnd(strike, strike.world.disturb({ kind: strike.fault.kind, hits, change }));
}

/** The victim and some others on one side, the rest on the other; at its mildest it is alone. */
function partition(strike: Strike): void {
  const { world, victim, random, fault } = strike;
  if (world.computers.length < 2) return;
  const others = shuffled(
    world.computers.filter((computer) => computer !== victim).map(({ id }) => id),
    random,
  );
  const drawn = random.integer(others.length);
  const side = new Set([victim.id, ...others.slice(0, fault.severity < 0.2 ? 0 : drawn)]);
  disturb(strike, [...side].join(","), (from, to) => side.has(from) !== side.has(to), cut);
}

/**
 * All but one are split in two groups, and that one sees both (the topology of Cloudflare's outage
 * of 2020-11-02).
 */
function bridge(strike: Strike): void {
  const { world, victim, random } = strike;
  if (world.computers.length < 3) return;
  const middle = random.chance(0.5) ? victim.id : random.pick(world.computers).id;
  const rest = shuffled(
    world.computers.map(({ id }) => id).filter((id) => id !== middle),
    random,
  );
  const left = new Set(rest.slice(0, 1 + random.integer(rest.length - 1)));
  disturb(
    strike,
    `${[...left].join(",")} - ${middle} - ${rest.filter((id) => !left.has(id)).join(",")}`,
    (from, to) => from !== middle && to !== middle && left.has(from) !== left.has(to),
    cut,
  );
}

function crash(strike: Strike): void {
  const { world, victim, fault, struck } = strike;
  const closes = fault.severity < 0.15;
  struck(closes ? "closes" : "dies");
  if (closes && strike.handedOver) {
    closeInOrder(strike, strike.handedOver);
    return;
  }
  if (closes) victim.close();
  else victim.crash();
  world.restartIn(victim, strike.durationMs);
}

/** It serves until it is closed: only then it is time to start it again. */
function closeInOrder(
  { world, victim, durationMs }: Strike,
  handedOver: NonNullable<Strike["handedOver"]>,
): void {
  const { role, term = 0 } = victim.status ?? {};
  victim.closeInOrder(() => {
    world.restartIn(victim, Math.min(durationMs, 300));
    if (role !== "leader") return;
    handedOver(
      world.computers.some(({ status }) => status?.role === "leader" && status.term > term),
    );
  });
}

/**
 * In the midst of what the process does next: between two awaits, or around one of its next
 * operations of the disk.
 */
function crashAtAwait(strike: Strike): void {
  const { world, victim, random, struck } = strike;
  const { runs } = victim;
  const die = (where: string): void => {
    const survival = random.chance(0.5) ? random.pick(["nothing", "any"] as const) : undefined;
    struck(`${where}${survival === undefined ? "" : `, the power too: keeps ${survival}`}`);
    victim.crash(survival);
    world.restartIn(victim, strike.durationMs);
  };
  if (random.chance(0.5)) {
    const jobs = random.integer(16);
    victim.process.interrupt(jobs, () => {
      if (victim.runs === runs && !victim.process.stopped) die(`after ${jobs} jobs`);
    });
    return;
  }
  let left = random.integer(8);
  const moment = random.pick(["before", "after"] as const);
  const takeAway = victim.disk.setTrap(({ operation, when }) => {
    if (when !== moment || victim.process.stopped || left-- > 0) return false;
    die(`${when} ${operation.type} ${operation.path}`);
    return true;
  });
  atEnd(strike, takeAway);
}

/**
 * No file can grow any more, or soon nothing can be written at all; the node goes on for as long as
 * it has room, then it stops.
 */
function diskFull(strike: Strike): void {
  const { victim, fault, random, struck } = strike;
  const takeAway = victim.disk.setTrap(({ operation, error }) => {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) return false;
    struck(`at ${operation.path}`);
    return true;
  });
  atEnd(strike, takeAway);
  if (random.chance(0.5)) {
    atEnd(strike, victim.disk.fillAfter(Math.floor(8 * fault.severity)));
    return;
  }
  victim.disk.setFree(Math.floor(4096 * fault.severity));
  atEnd(strike, () => victim.disk.setFree(undefined));
}

/** The power goes when a write of the log has reached some sectors of several, and no sync came. */
function cutInWrite(strike: Strike, survival: "prefix" | "reordered"): void {
  const { world, victim, struck, note } = strike;
  const takeAway = victim.disk.setTrap(({ operation, when, error }) => {
    if (
      when !== "after" ||
      error !== undefined ||
      operation.type !== "write" ||
      !operation.path.endsWith(".seg") ||
      victim.process.stopped ||
      victim.disk.unsynced().sectors < 2
    ) {
      return false;
    }
    struck(`in a write of ${operation.path}`);
    const loss = victim.crash(survival);
    note(`lost ${loss?.lostSectors ?? 0} of ${loss?.unsyncedSectors ?? 0} sectors`);
    world.restartIn(victim, strike.durationMs);
    return true;
  });
  atEnd(strike, takeAway);
}

/** The power goes behind a rename, before its directory is synced: it never happened. */
function lostRename(strike: Strike): void {
  const { world, victim, struck } = strike;
  const takeAway = victim.disk.setTrap(({ operation, when, error }) => {
    if (
      when !== "after" ||
      error !== undefined ||
      operation.type !== "rename" ||
      victim.process.stopped
    ) {
      return false;
    }
    struck(`of ${operation.path}`);
    victim.crash("nothing");
    world.restartIn(victim, strike.durationMs);
    return true;
  });
  atEnd(strike, takeAway);
}

function shuffled(ids: readonly NodeId[], random: SeededRandom): NodeId[] {
  const keys = new Map(ids.map((id) => [id, random.next()]));
  return ids.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
}
