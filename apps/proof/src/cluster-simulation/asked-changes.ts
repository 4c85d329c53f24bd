// Whether what nodes say of changes of the members is true: each configuration that is committed
// was asked for by a call that had not been told that it can't happen any more, by a call for which
// it is a step on the way, or it takes back a voter whose disk was lost; and what a call was told
// is committed is committed.
import type { Configuration, Index, Member } from "@raftkit/core";
import { isJoint, isListed, votersOf } from "@raftkit/core";
import type { ChangedMembership, MembershipChangeFailed } from "raftkit";
import { namesOf } from "../invariants/configuration-safety.js";
import type { Invariant } from "../invariants/invariant.js";
import { InvariantBroken } from "../invariants/invariant.js";
import type { NodeView } from "../invariants/view.js";
import type { WantedMembers } from "../plans/member-changes.js";
import { areMembers, haveSame, idsOf } from "../plans/member-changes.js";

export interface AskedChange {
  readonly wanted: WantedMembers;
  succeeded(changed: ChangedMembership): void;
  failed(error: MembershipChangeFailed): void;
}

export interface AskedChanges extends Invariant {
  begin(wanted: WantedMembers): AskedChange;
  /** A node says what it is in the configuration that is committed at this index. */
  heard(standing: Standing, index: Index): void;
  readonly latest: Configuration | undefined;
  /** What calls were told, at the end of a run. */
  check(): void;
}

/** A node, by its data directory. */
export interface Standing extends Member {
  /** Null: the configuration doesn't name it. */
  readonly role: "voter" | "learner" | null;
}

interface Asked {
  readonly wanted: WantedMembers;
  /** Nothing of it is committed behind this index any more. */
  through: Index;
}

interface Committed {
  readonly index: Index;
  readonly configuration: Configuration;
}

/** @param wasLost whether a disk of this node was ever lost */
export function createAskedChanges(
  wasLost: (id: string) => boolean,
  broken: (check: string, message: string) => void,
): AskedChanges {
  const asked: Asked[] = [];
  const committed = new Map<Index, Configuration>();
  const told: Committed[] = [];
  const standings: { readonly standing: Standing; readonly index: Index }[] = [];
  let last: Committed | undefined;

  function isAskedFor(before: Configuration, { index, configuration }: Committed): boolean {
    return (
      isByItself(before, configuration, wasLost) ||
      asked.some(
        ({ wanted, through }) => index <= through && isStepTo(before, configuration, wanted),
      )
    );
  }

  return {
    committed({ id, log, commitIndex }: NodeView, before) {
      log.configurations.forEach(({ index, configuration }, i) => {
        if (index <= before || index > commitIndex || committed.has(index)) return;
        committed.set(index, configuration);
        if (index > (last?.index ?? 0)) last = { index, configuration };
        const previous = log.configurations[i - 1]?.configuration;
        if (!previous || isAskedFor(previous, { index, configuration })) return;
        throw new InvariantBroken(
          "asked-changes",
          `${id} commits ${namesOf(configuration)} at ${index} behind ${namesOf(previous)}: nobody asked for it, or whoever did was told that it can't happen any more`,
        );
      });
    },
    begin(wanted) {
      const own: Asked = { wanted, through: Infinity };
      asked.push(own);
      return {
        wanted,
        succeeded({ configuration, configurationIndex: index }) {
          own.through = index;
          told.push({ index, configuration });
          if (!isJoint(configuration) && areMembers(configuration, wanted)) return;
          broken(
            "asked-changes",
            `a call for the voters ${wanted.voters.join(" ")} and the learners ${wanted.learners.join(" ")} ended with ${namesOf(configuration)}`,
          );
        },
        failed({ mayHappen, configuration, configurationIndex: index }) {
          if (configuration) told.push({ index, configuration });
          if (!mayHappen) own.through = Math.max(last?.index ?? 0, index);
        },
      };
    },
    heard(standing, index) {
      standings.push({ standing, index });
    },
    get latest() {
      return last?.configuration;
    },
    check() {
      for (const { standing, index } of standings) {
        const found = committed.get(index);
        if (found && roleIn(found, standing) === standing.role) continue;
        broken(
          "asked-changes",
          `${standing.id} says that it is ${standing.role ?? "no member"} as of ${index}; there is ${found ? namesOf(found) : "none"}`,
        );
      }
      for (const { index, configuration } of told) {
        const found = committed.get(index);
        if (found && namesOf(found) === namesOf(configuration)) continue;
        broken(
          "asked-changes",
          `a call was told that ${namesOf(configuration)} is committed at ${index}; there is ${found ? namesOf(found) : "none"}`,
        );
      }
    },
  };
}

function roleIn(configuration: Configuration, member: Member): Standing["role"] {
  if (isListed(votersOf(configuration), member)) return "voter";
  return isListed(configuration.learners, member) ? "learner" : null;
}

/** A step that such a call takes: voters that are new become learners first, or leave again. */
function isStepTo(before: Configuration, now: Configuration, wanted: WantedMembers): boolean {
  const [voters, learners] = [idsOf(now.voters), idsOf(now.learners)];
  if (haveSame(voters, wanted.voters) && haveSame(learners, wanted.learners)) return true;
  if (!haveSame(voters, idsOf(before.voters))) return false;
  const former = idsOf(before.learners);
  const isNew = (id: string): boolean => wanted.voters.includes(id) && !voters.includes(id);
  const added = learners.filter((id) => !former.includes(id));
  const removed = former.filter((id) => !learners.includes(id));
  return (added.length === 0 || removed.length === 0) && [...added, ...removed].every(isNew);
}

/** The end of a joint phase, another address, or a step of a voter whose disk was lost. */
function isByItself(
  before: Configuration,
  now: Configuration,
  wasLost: (id: string) => boolean,
): boolean {
  if (isJoint(before)) return true;
  const places = ({ voters, learners }: Configuration): readonly string[] => [
    ...voters.map(({ id }) => `${id} voter`),
    ...learners.map(({ id }) => `${id} learner`),
  ];
  const [then, since] = [places(before), places(now)];
  const changed = [
    ...then.filter((one) => !since.includes(one)),
    ...since.filter((one) => !then.includes(one)),
  ].map((one) => one.split(" ", 1)[0] ?? "");
  return new Set(changed).size <= 1 && changed.every(wasLost);
}
