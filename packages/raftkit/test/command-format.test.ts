// What a state machine calls its commands' format is part of whose log it is, and of what peers
// have in common.
import { expect, onTestFinished, test } from "vitest";
import type { LocalNode, StorageIdentity } from "@raftkit/core";
import { createNode } from "raftkit";
import { createVirtualClock } from "./support/clock.js";
import { partsOf } from "./support/cluster.js";
import { createTestNetwork } from "./support/network.js";

test.each([
  [undefined, "json"],
  ["sessions-1+kv-1", "json+sessions-1+kv-1"],
])("commandFormat %j: log, snapshots and transport are given %j", async (commandFormat, codec) => {
  const clock = createVirtualClock();
  const { options } = partsOf(clock, createTestNetwork(clock), "n1", ["n1"]);
  const opened: StorageIdentity[] = [];
  const introduced: LocalNode[] = [];
  const { log } = options.storage;
  const { transport, stateMachine } = options;
  const node = await createNode({
    ...options,
    stateMachine: {
      ...stateMachine,
      commandFormat,
      async *snapshot() {},
      restore: () => Promise.resolve(),
    },
    storage: {
      log: {
        open: (identity, onSpace) => {
          opened.push(identity);
          return log.open(identity, onSpace);
        },
        write: (operations) => log.write(operations),
        close: () => log.close(),
      },
      snapshots: {
        open: (identity) => {
          opened.push(identity);
          return Promise.resolve(undefined);
        },
        openReader: () => Promise.reject(new Error("there is none")),
        create: () => Promise.reject(new Error("there is none")),
        close: () => Promise.resolve(),
      },
    },
    transport: {
      maxFrameBytes: transport.maxFrameBytes,
      start: (local, handler) => {
        introduced.push(local);
        return transport.start(local, handler);
      },
      setPeers: (peers, seeds) => transport.setPeers(peers, seeds),
      send: (to, parts) => transport.send(to, parts),
      disconnect: (from, why) => transport.disconnect(from, why),
      close: () => transport.close(),
    },
  });
  onTestFinished(() => clock.outcome(node.close()));
  const identity = { clusterId: "test", nodeId: "n1", codec };
  expect(opened).toEqual([identity, identity]);
  expect(introduced).toMatchObject([{ clusterId: "test", id: "n1", codec }]);
});
