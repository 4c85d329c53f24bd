// How a voter whose data directory was lost comes back (rejoin). One joint change takes out the lost
// directory and makes the new one a learner; a second one makes it a voter. In between the
// configuration names it as one that rejoins, so any leader goes on with it; an id that no
// configuration names has no place to come back to.
import { withRejoining } from "../members.js";
import type { Leader, State } from "../state/state.js";
import type { Member, Server } from "../types.js";
import { changeIsBarred, changeMembers, replaceConfiguration } from "./configuration-change.js";
import { reachedByQuorum } from "./voters.js";

/**
 * A node with an empty directory has the id of a voter, or of a learner that rejoins, which isn't
 * heard. Whatever stands in the way is tried again with its next introduction.
 */
export function takeBack(state: State, leader: Leader, server: Server): void {
  const latest = state.membership.history.at(-1);
  if (!latest || changeIsBarred(state, leader)) return;
  const { electionTimeoutMs } = state.options;
  const { lastContactAt = state.now } = leader.progress.get(server.id) ?? {};
  // A leader that is new has heard nobody yet: whoever has its place may be alive.
  if (state.now - lastContactAt < electionTimeoutMs.max) return;
  // The lost one takes part in its removal no more: the others must be a majority without it.
  const heardAt = reachedByQuorum(state, state.now, leader, (progress) => progress.lastContactAt);
  if (state.now - heardAt >= electionTimeoutMs.max) return;
  const { configuration: current } = latest;
  const { voters, learners, rejoining = [] } = current;
  const isOther = ({ id }: Member): boolean => id !== server.id;
  const stay = voters.filter(isOther);
  const lists = { ...current, learners: [...learners.filter(isOther), server] };
  const next =
    stay.length === voters.length
      ? lists
      : withRejoining({ ...lists, voters: stay, outgoing: voters }, [...rejoining, server.id]);
  replaceConfiguration(state, leader, current, next);
}

/** At a heartbeat: those that rejoin become voters, one after the other, once they have caught up. */
export function promoteRejoined(state: State, leader: Leader): void {
  const latest = state.membership.history.at(-1);
  if (!latest || changeIsBarred(state, leader)) return;
  const { voters, learners, rejoining = [] } = latest.configuration;
  const idsOf = (members: readonly Member[]): readonly string[] => members.map(({ id }) => id);
  for (const id of rejoining) {
    const verdict = changeMembers(state, leader, {
      expected: latest.index,
      voters: [...idsOf(voters), id],
      learners: idsOf(learners).filter((one) => one !== id),
    });
    if (verdict.type === "accepted") return;
  }
}
