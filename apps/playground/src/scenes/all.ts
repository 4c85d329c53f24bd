// The scenes, in the order in which they are offered.
import { figure7 } from "./figure-7.js";
import { figure8 } from "./figure-8.js";
import { firstElection } from "./first-election.js";
import { lossyNetwork } from "./lossy-network.js";
import { membershipChange } from "./membership-change.js";
import { oldLeader } from "./old-leader.js";
import type { Scene } from "./scene.js";
import { snapshotInstall } from "./snapshot-install.js";
import { splitVote } from "./split-vote.js";

export const scenes: readonly Scene[] = [
  firstElection,
  splitVote,
  oldLeader,
  figure7,
  figure8,
  lossyNetwork,
  membershipChange,
  snapshotInstall,
];

export function sceneOf(id: string | undefined): Scene | undefined {
  return scenes.find((scene) => scene.id === id);
}
