// What the simulated disk loses of what was not synced: with the power, or with a sync that fails.
// Every draw of `random` counts, and their order: a run must be repeatable.
import type { SimulatedFile } from "./simulated-file.js";
import { dropCache, settleFile, unsyncedSectors } from "./simulated-file.js";
import type { SimulatedNames } from "./simulated-names.js";

/**
 * What a power cut leaves of what was not synced. `prefix`: the oldest writes, up to a sector in
 * their midst (a torn write). `any`: each sector and each name by chance. `reordered`: the same,
 * but if there are two or more, some later one is there and some earlier one is not.
 */
export type Survival = "nothing" | "everything" | "prefix" | "any" | "reordered";

/** What was not synced when the power went, and what is gone of it. */
export interface Loss {
  readonly unsyncedSectors: number;
  readonly lostSectors: number;
  /** A sector survived that was written after one that is gone. */
  readonly reordered: boolean;
  readonly unsyncedNames: number;
  readonly lostNames: number;
}

interface SectorTally {
  unsyncedSectors: number;
  lostSectors: number;
  reordered: boolean;
}

/** What a power cut does to files and names. @param survival drawn where it is not given */
export function lose(
  names: SimulatedNames,
  random: () => number,
  survival: Survival | undefined,
): Loss {
  const style = survival ?? drawn(random);
  const tally = {
    unsyncedSectors: 0,
    lostSectors: 0,
    reordered: false,
    unsyncedNames: names.unsynced,
    lostNames: 0,
  };
  const keepName = chooser(style, random, names.unsynced);
  names.settle(() => {
    const kept = keepName();
    if (!kept) tally.lostNames++;
    return kept;
  });
  for (const file of names.current.values()) {
    loseUnsynced(file, style, random, tally);
    dropCache(file);
  }
  return tally;
}

/**
 * A sync that failed: some of it is durable, nobody knows what, and the rest will never be. It
 * may even read as it was before.
 */
export function failSync(file: SimulatedFile, random: () => number): void {
  const tally = { unsyncedSectors: 0, lostSectors: 0, reordered: false };
  loseUnsynced(file, drawn(random), random, tally);
  if (random() < 0.5) dropCache(file);
}

function loseUnsynced(
  file: SimulatedFile,
  style: Survival,
  random: () => number,
  tally: SectorTally,
): void {
  if (file.pending.length === 0) return;
  const keep = chooser(style, random, unsyncedSectors(file));
  let lost = 0;
  settleFile(file, () => {
    const kept = keep();
    tally.unsyncedSectors++;
    if (!kept) lost++;
    else if (lost > 0) tally.reordered = true;
    return kept;
  });
  tally.lostSectors += lost;
}

function drawn(random: () => number): Survival {
  const styles = ["nothing", "everything", "prefix", "any"] as const;
  return styles[Math.floor(random() * styles.length)] ?? "nothing";
}

/**
 * @returns says of one after another of `count` things whether it survives; a prefix is a real one
 * where it can be
 */
function chooser(style: Survival, random: () => number, count: number): () => boolean {
  let at = -1;
  switch (style) {
    case "nothing":
      return () => false;
    case "everything":
      return () => true;
    case "prefix": {
      const end = 1 + Math.floor(random() * Math.max(1, count - 1));
      return () => ++at < end;
    }
    case "any":
      return () => random() < 0.5;
    case "reordered": {
      const lost = Math.floor(random() * (count - 1));
      const kept = lost + 1 + Math.floor(random() * (count - 1 - lost));
      return () => ++at === kept || (random() < 0.5 && at !== lost);
    }
  }
}
