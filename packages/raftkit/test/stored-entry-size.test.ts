// A log whose largest entry fits no frame: its node would lead and never bring the entry anywhere.
import { describe, expect, test } from "vitest";
import { encodeConfiguration, encodeRun, EntryKind } from "@raftkit/core";
import { createNode, InvalidOption } from "raftkit";
import { createVirtualClock } from "./support/clock.js";
import { partsOf } from "./support/cluster.js";
import { createTestNetwork } from "./support/network.js";

/** The test network carries frames up to 1 MiB. */
const FRAME_BYTES = 2 ** 20;
const LARGEST_BYTES = FRAME_BYTES - 65_536;

async function start(
  bytes: number,
  { members = 1, maxFrameBytes = FRAME_BYTES } = {},
): Promise<ReturnType<typeof partsOf> & { outcome: unknown }> {
  const clock = createVirtualClock();
  const parts = partsOf(
    clock,
    createTestNetwork(clock),
    "n1",
    members === 1 ? ["n1"] : ["n1", "n2"],
  );
  const voters = Array.from({ length: members }, (_, i) => ({
    id: `n${i + 1}`,
    incarnation: `n${i + 1}-data-directory-1`,
    address: `n${i + 1}.test:1`,
  }));
  const data = [3, bytes, 5].map((length) => new Uint8Array(length).fill(48));
  await parts.log.write([
    { type: "hardState", hardState: { currentTerm: 1, votedFor: null } },
    {
      type: "append",
      run: encodeRun(1, 1, EntryKind.configuration, [
        encodeConfiguration({
          clusterInstance: "cluster-instance-1",
          voters,
          learners: [],
          outgoing: [],
        }),
      ]),
    },
    { type: "append", run: encodeRun(2, 1, EntryKind.command, data) },
  ]);
  const transport = { ...parts.transport, maxFrameBytes };
  const outcome: unknown = await createNode({ ...parts.options, transport }).then(
    (node) => clock.outcome(node.close()),
    (error: unknown) => error,
  );
  return { ...parts, outcome };
}

describe("at start", () => {
  test("an entry that no frame can carry is refused, with the option and the value it needs", async () => {
    const { outcome, log, transport } = await start(LARGEST_BYTES + 1);
    expect(outcome).toBeInstanceOf(InvalidOption);
    expect(String(outcome)).toMatch(
      /option transport\.maxFrameBytes: given 1048576; allowed: at least 1048577, .*an entry of 983041 bytes \(index 3\)/,
    );
    expect(log.calls.slice(-1)).toEqual(["close"]);
    expect(transport.calls).not.toContain("start");
  });

  test("the largest that could be proposed with this transport is not", async () => {
    expect((await start(LARGEST_BYTES)).outcome).toBeUndefined();
  });

  test("a configuration has the room for headers, however small the frames are", async () => {
    const maxFrameBytes = 65_536 + 700;
    expect((await start(600, { members: 50, maxFrameBytes })).outcome).toBeUndefined();
  });
});
