import { createJsonCodec } from "@raftkit/codec-json";
import { createKv, putCommand } from "@raftkit/kv";
import { expect, test } from "vitest";
import { createCluster } from "../src/cluster.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a key-value store, with another codec, answers the same on every node after a crash and losses", async () => {
  const cluster = await createCluster({
    seed: 5,
    codec: createJsonCodec(),
    stateMachine: () => createKv(),
    network: { loss: 0.05 },
  });
  await cluster.waitForLeader();
  await cluster.converge();
  for (let i = 0; i < 20; i++) {
    await cluster.settle(
      cluster.propose(await cluster.waitForLeader(), putCommand(`key ${i % 7}`, bytes(`${i}`))),
    );
  }
  const former = await cluster.waitForLeader();
  cluster.crash(former);
  const leader = await cluster.waitForLeader();
  await cluster.settle(cluster.propose(leader, putCommand("key 0", bytes("last"))));
  await cluster.restart(former);
  await cluster.converge();
  for (const id of cluster.ids) {
    const answer = await cluster.settle(cluster.read(id, { type: "get", key: "key 0" }));
    expect(answer.type === "get" && answer.entry?.value).toEqual(bytes("last"));
    expect(await cluster.settle(cluster.read(id, { type: "size" }))).toMatchObject({
      type: "size",
      keys: 7,
    });
  }
});
