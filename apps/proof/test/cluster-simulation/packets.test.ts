// A link's fault counts only for what it did to a packet: once it arrives, or where the fault is
// what lost it.
import { expect, test } from "vitest";
import type { Packet, PacketEvent } from "@raftkit/simulation";
import { countPackets } from "../../src/cluster-simulation/packets.js";
import type { FaultKind } from "../../src/plans/plan.js";

/** @returns what counted for the sender; it must be the same for the receiver */
function counted(
  disturbances: readonly FaultKind[],
  ...events: readonly PacketEvent[]
): readonly FaultKind[] {
  const kinds = new Map<string, FaultKind[]>([
    ["n1", []],
    ["n2", []],
  ]);
  let tell: (what: PacketEvent, packet: Packet) => void = () => undefined;
  countPackets(
    {
      onPacket: (listener) => {
        tell = listener;
      },
    },
    () => disturbances,
    (kind, node) => kinds.get(node)?.push(kind),
  );
  for (const what of events) {
    tell(what, {
      from: { id: "n1", incarnation: "directory-of-n1", run: 1 },
      to: "n2",
      frame: new Uint8Array(1),
      sentAt: 0,
      number: 1,
    });
  }
  expect(kinds.get("n2")).toEqual(kinds.get("n1"));
  return kinds.get("n1") ?? [];
}

test.each<readonly [string, readonly FaultKind[], readonly PacketEvent[], readonly FaultKind[]]>([
  [
    "what is late counts when it arrives",
    ["delay", "reorder"],
    ["sent", "delivered"],
    ["delay", "reorder"],
  ],
  ["what is late and lost does not", ["delay"], ["sent", "lost"], []],
  [
    "a copy counts when it is the second to arrive",
    ["duplicate"],
    ["sent", "doubled", "delivered", "delivered"],
    ["duplicate"],
  ],
  [
    "a copy without its fellow does not",
    ["duplicate"],
    ["sent", "doubled", "delivered", "lost"],
    [],
  ],
  [
    "what is late and doubled counts once for each",
    ["slowLink", "duplicate"],
    ["sent", "doubled", "delivered", "delivered"],
    ["slowLink", "duplicate"],
  ],
  ["loss counts for what the link drops", ["loss"], ["sent", "dropped", "lost"], ["loss"]],
  ["loss does not count for what is lost otherwise", ["loss"], ["sent", "lost"], []],
  [
    "a cut counts for what it keeps back, and nothing beside it",
    ["loss", "partition", "delay"],
    ["sent", "cut", "lost"],
    ["partition"],
  ],
  ["damage counts where it arrives", ["corrupt", "delay"], ["sent", "corrupted"], ["corrupt"]],
])("%s", (_, disturbances, events, expected) => {
  expect(counted(disturbances, ...events)).toEqual(expected);
});
