// Writes and closing that meet: the log takes one write at a time, and closing waits for it.
import { InvariantViolation } from "@raftkit/core";
import { createFileLog } from "@raftkit/storage-file";
import type { Operation } from "@raftkit/storage-file/simulated-disk";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import { expect, test } from "vitest";
import { append, identity, listed, seeded } from "./support/logs.js";

const options = { directory: "/data", segmentBytes: 8192 };

/** An open log with nothing going on in the background, on a disk whose operations can be held up. */
async function setUp() {
  let held: ((operation: Operation) => Promise<void> | undefined) | undefined;
  const disk = createSimulatedDisk({
    random: seeded(1),
    delay: (operation) => held?.(operation),
  });
  const log = createFileLog({ ...options, random: seeded(1), fileSystem: disk.boot() });
  await log.open(identity);
  await log.write([append(1, 1, "a")]);
  await log.close();
  await log.open(identity);
  return {
    disk,
    log,
    /** Holds the next operation of this type up. @returns lets it go on */
    hold: (type: Operation["type"]): (() => void) => {
      let go = (): void => {};
      const gate = new Promise<void>((resolve) => (go = resolve));
      held = (operation) => {
        if (operation.type !== type) return undefined;
        held = undefined;
        return gate;
      };
      return go;
    },
  };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test.each(["write", "datasync"] as const)(
  "closing waits for the write under way, whose %s takes long",
  async (type) => {
    const { disk, log, hold } = await setUp();
    const go = hold(type);
    const order: string[] = [];
    const closed: string[] = [];
    const writing = log.write([append(2, 1, "b")]).then(() => order.push("written"));
    disk.setFault((operation) => {
      if (operation.type === "close" || operation.type === "unlock") closed.push(operation.type);
      return undefined;
    });
    const closing = log.close().then(() => order.push("closed"));
    await settle();
    expect([order, closed]).toEqual([[], []]);
    go();
    await Promise.all([writing, closing]);
    expect(order).toEqual(["written", "closed"]);
    expect(listed((await log.open(identity)).entries)).toEqual(["1:1:a", "2:1:b"]);
  },
);

test("a write during a write is refused and ends the log; the first one is kept", async () => {
  const { log, hold } = await setUp();
  const go = hold("datasync");
  const first = log.write([append(2, 1, "b")]);
  await expect(log.write([append(2, 1, "c")])).rejects.toBeInstanceOf(InvariantViolation);
  await expect(log.write([append(3, 1, "c")])).rejects.toThrow("while a write was under way");
  go();
  await first;
  await expect(log.write([append(3, 1, "c")])).rejects.toBeInstanceOf(InvariantViolation);
  await log.close();
  expect(listed((await log.open(identity)).entries)).toEqual(["1:1:a", "2:1:b"]);
});
