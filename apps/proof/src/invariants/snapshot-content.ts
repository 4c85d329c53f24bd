// A snapshot equals the replayed log up to its index: what its data holds is the state that nodes
// have after applying the committed entry there, and its configuration is the one in force at that
// index, not a later one (paper §7; thesis §5; hazard 28). Looked at whenever a disk holds a new
// one, its own or the leader's.
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";
import { namesOf } from "./configuration-safety.js";

export function snapshotContent(): Invariant {
  /** By index: the state after it, and the entries up to it. */
  const hashes: number[] = [];
  const chains: number[] = [];

  return {
    applied({ lastApplied, stateHash, log }) {
      hashes[lastApplied] ??= stateHash;
      chains[lastApplied] ??= log.chain(lastApplied);
    },
    saved({ id, disk: { snapshot } }) {
      if (!snapshot) return;
      const { index, term, content, configuration, configurationIndex } = snapshot;
      const broken = (what: string): InvariantBroken =>
        new InvariantBroken("snapshot-content", `${id} keeps a snapshot at ${index} ${what}`);
      if (!content) throw broken("whose data nobody captured");
      const { entries } = content;
      if (content.index !== index || entries.term(index) !== term) {
        throw broken(
          `of term ${term}, whose data was captured at ${content.index} of term ${entries.term(content.index)}`,
        );
      }
      if (hashes[index] !== content.stateHash || chains[index] !== entries.chain(index)) {
        throw broken("that isn't the state after the entries up to there");
      }
      const inForce = entries.configurations.findLast((one) => one.index <= index);
      if (
        inForce?.index !== configurationIndex ||
        namesOf(inForce.configuration) !== namesOf(configuration)
      ) {
        throw broken(
          `with the configuration of ${configurationIndex}, ${namesOf(configuration)}; in force there is that of ${inForce?.index ?? 0}`,
        );
      }
    },
  };
}
