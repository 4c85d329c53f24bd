// What goes wrong while a node is sent a snapshot, for the coverage matrix: who is sent one, by
// what its log was when the first part came, and each kind of trouble until it is taken over or
// given up.
import type { Effect, Index } from "@raftkit/core";
import type { InstallTrouble } from "../plans/coverage.js";
import { noteChangeTrouble } from "./change-watch.js";
import type { Member, World } from "./world.js";

export function noteTrouble(world: World, member: Member, trouble: InstallTrouble): void {
  const { receiving } = member;
  if (!receiving) return;
  receiving.isTroubled = true;
  world.coverage.countInstall(receiving.installed, trouble);
}

/** A first part is written, perhaps of a later attempt or under another leader. */
export function noteWrite(
  world: World,
  member: Member,
  { install, position }: Extract<Effect, { readonly type: "writeSnapshot" }>,
): void {
  const { receiving: before, raft, log } = member;
  if (before?.id === install || !raft) return;
  if (before) {
    noteTrouble(world, member, before.term === member.currentTerm ? "newAttempt" : "newLeader");
  }
  noteChangeTrouble(world, "install");
  const { index, term } = position;
  const { lacksSnapshot } = raft.status;
  member.receiving = {
    id: install,
    index,
    term: member.currentTerm,
    attempt: member.heardAttempt,
    installed: lacksSnapshot
      ? "damaged"
      : log.term(index) === term || isPrefix(world, member, index)
        ? "behind"
        : "conflicting",
    isTroubled: false,
    isTold: false,
  };
  // Some faults wait for this.
  world.unsettled = true;
  if (member.snapshots.isCapturing) noteTrouble(world, member, "capture");
}

/** Whether all that its log holds was committed somewhere. */
function isPrefix({ captures }: World, { log }: Member, index: Index): boolean {
  const capture = captures.findLast((one) => one.index === index);
  if (!capture) return false;
  const last = Math.min(log.lastIndex, index);
  return capture.entries.chain(last) === log.chain(last) && log.lastIndex <= index;
}

/** Whether the disk has what is being sent, told or not. */
export function isSaved({ receiving, disk, snapshots }: Member): boolean {
  return (
    receiving !== undefined &&
    snapshots.rot === undefined &&
    (disk.snapshot?.index ?? 0) >= receiving.index
  );
}

/** Whether it is taken over: its log goes on behind it, or leads up to it, and that is durable. */
export function checkInstalled(world: World, member: Member): void {
  const { receiving, disk } = member;
  if (!receiving?.isTold) return;
  const { index } = receiving;
  const chain = disk.snapshot?.content?.entries.chain(index);
  if (disk.log.chain(index) !== chain) return;
  if (!receiving.isTroubled) world.coverage.countInstall(receiving.installed, "nothing");
  member.receiving = undefined;
}

/** Its process ends. */
export function noteEnd(world: World, member: Member): void {
  noteTrouble(world, member, isSaved(member) ? "halfway" : "crash");
  member.receiving = undefined;
}
