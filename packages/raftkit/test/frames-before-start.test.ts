// A transport may hear peers while it still starts: nothing comes of that before the node can act
// and be listened to.
import { expect, onTestFinished, test } from "vitest";
import type { Message, RaftkitError, Sender, TransportHandler } from "@raftkit/core";
import { createNode } from "raftkit";
import { encodeFrame } from "@raftkit/core";
import { createVirtualClock } from "./support/clock.js";
import { jsonCodec, partsOf } from "./support/cluster.js";
import { createTestNetwork } from "./support/network.js";

const n2: Sender = { id: "n2", incarnation: "n2-data-directory-1", run: 1 };

function frameOf(message: Message): Uint8Array {
  return Uint8Array.from(encodeFrame(jsonCodec, message).flatMap((part) => [...part]));
}

test("a wiped node that hears of its loss while it starts says so to whoever made it", async () => {
  const clock = createVirtualClock();
  const { options, transport } = partsOf(clock, createTestNetwork(clock), "n1", ["n1", "n2"]);
  const frame = frameOf({
    type: "preVote",
    to: "n1-data-directory-0",
    term: 2,
    lastLogIndex: 1,
    lastLogTerm: 1,
    configurationIndex: 1,
  });
  const early = {
    ...transport,
    start: async (local: Parameters<typeof transport.start>[0], handler: TransportHandler) => {
      await transport.start(local, handler);
      handler.receive(n2, frame.slice());
      handler.unreachable("n2");
      transport.calls.push("started");
    },
  };
  const node = await createNode({ ...options, transport: early });
  onTestFinished(() => clock.outcome(node.close()));
  const errors: RaftkitError[] = [];
  node.on("error", (error) => errors.push(error));
  expect(transport.calls).toEqual(["start", "started", "setPeers n2"]);
  transport.inject(n2, frame.slice());
  expect(errors).toMatchObject([{ code: "STORAGE_LOST" }]);
});
