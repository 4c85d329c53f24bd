// The suite for transports, in the order in which its cases run.
import { clusters } from "./cluster.js";
import { slowClusters } from "./slow-cluster.js";
import { snapshotClusters } from "./snapshot-cluster.js";
import { frames } from "./frames.js";
import { restarts, senders, strangers } from "./identity.js";
import { intruders, listeners } from "./intruders.js";
import { lasting } from "./lasting.js";
import { queues, streams } from "./links.js";
import { disconnecting, peers, unreachables } from "./reach.js";
import { seeds } from "./seeds.js";
import { slowLinks } from "./slow-links.js";
import { closing, starting } from "./starting.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

export const transportSuite: Suite<TransportSubject> = [
  ...starting,
  ...frames,
  ...senders,
  ...peers,
  ...restarts,
  ...unreachables,
  ...strangers,
  ...disconnecting,
  ...closing,
  ...queues,
  ...streams,
  ...clusters,
  ...lasting,
  ...intruders,
  ...slowLinks,
  ...slowClusters,
  ...snapshotClusters,
  ...seeds,
  ...listeners,
];
