// The transport and the storage of the guides: three nodes over the one, and those cases of their
// suites that take no time. The whole suites are the proof's part (*.proof.ts).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createJsonCodec } from "@raftkit/codec-json";
import {
  createSocketLinks,
  logStorageSuite,
  runSuite,
  storageTarget,
  transportSuite,
} from "@raftkit/conformance";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import { createMemoryLog } from "@raftkit/storage-memory";
import type { LogStorage, RaftNode } from "raftkit";
import { createNode } from "raftkit";
import { expect, onTestFinished, test } from "vitest";
import { createCounter } from "../src/counter/counter.js";
import { createJournalLog } from "../src/journal/journal-log.js";
import { createUnixTransport } from "../src/unix-transport/unix-transport.js";

test("three nodes over Unix sockets replicate a counter", async () => {
  const folder = mkdtempSync(join(tmpdir(), "unix-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const bootstrap = ["n1", "n2", "n3"].map((id) => ({ id, address: join(folder, id) }));
  const start = (id: string): Promise<RaftNode<number, number, "total", number>> =>
    createNode({
      id,
      cluster: { id: "unix", bootstrap },
      transport: createUnixTransport(),
      storage: { log: createMemoryLog() },
      codec: createJsonCodec(),
      stateMachine: createCounter(),
    });
  const nodes = await Promise.all(bootstrap.map(({ id }) => start(id)));
  const [first, , third] = nodes;
  expect(await first?.propose(42)).toBe(42);
  expect(await third?.read("total")).toBe(42);
  await Promise.all(nodes.map((node) => node.close()));
});

test("a path at which the transport can't listen is called used only if it is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "unix-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const local = { clusterId: "unix", incarnation: "0123456789abcdef", run: 1, codec: "json" };
  const handler = { receive() {}, met() {}, unreachable() {}, rejected() {} };
  const start = async (path: string): Promise<void> => {
    const transport = createUnixTransport();
    onTestFinished(() => transport.close());
    await transport.start({ ...local, id: "n1", address: path }, handler);
  };
  await start(join(folder, "n1"));
  await expect(start(join(folder, "n1"))).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
  await expect(start(join(folder, "missing", "n1"))).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    message: expect.stringContaining(": listen E") as string,
  });
});

test("the quick cases of the transport's suite pass", async () => {
  const options = { maxFrameBytes: 2 ** 20, maxQueueBytes: 2 ** 22, silentMs: 5000, retryMs: 50 };
  const results = await runSuite(
    transportSuite,
    {
      name: "createUnixTransport",
      capabilities: ["listen", "queue"],
      create() {
        const links = createSocketLinks();
        return {
          address: () => links.freePath(),
          transport: () => createUnixTransport(options),
          links,
          maxQueueBytes: options.maxQueueBytes,
        };
      },
      dispose: ({ links }) => links?.close?.(),
    },
    // A restart, another cluster, another codec, a cut-off sender, a full queue, a restarted seed.
    { only: ["04", 12, 14, 15, 26, 30, 31, 32, 37, 65].map((id) => `TRANSPORT-${id}`) },
  );
  expect(results.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
});

test("the quick cases of the storage's suite pass", async () => {
  const results = await runSuite(
    logStorageSuite,
    storageTarget<LogStorage>({
      name: "createJournalLog",
      capabilities: ["persistent", "exclusive", "powerCut", "failedSync"],
      medium() {
        const disk = createSimulatedDisk({ random: () => 0.5 });
        const sync = /sync/i;
        return {
          storage: () => createJournalLog("/data", disk.boot()),
          powerCut: () => void disk.powerCut(),
          setFault: (faults) =>
            disk.setFault(
              faults && (({ type }) => faults({ kind: sync.test(type) ? "sync" : "other" })),
            ),
        };
      },
    }),
    // Power cuts after a write, a truncation, a compaction and an opening; a sync that fails.
    { only: [54, 56, 57, 58, 67, 71, 73].map((id) => `STORAGE-${id}`) },
  );
  expect(results.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
});
