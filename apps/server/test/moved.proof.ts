// A server that is started at another address, with the directory that it had: the others find it
// there, without being told. For the proof alone (`npm run proof -- all --only long-tests`).
import { expect, test } from "vitest";
import { parsed, send } from "./client.js";
import { freePorts, startProcess, temporaryDirectory } from "./process.js";
import type { Started } from "./process.js";

interface Place {
  readonly id: string;
  readonly peer: string;
  readonly data: string;
}

function startAt(place: Place, all: readonly Place[]): Started {
  const peers = all.map(({ id, peer }) => `${id}=${peer}`).join(",");
  const own = ["--id", place.id, "--data", place.data, "--http", "127.0.0.1:0"];
  return startProcess([...own, "--peers", peers]);
}

test(
  "a node that moved to another port is followed, and catches up",
  { timeout: 120_000 },
  async () => {
    const [a, b, c, moved] = (await freePorts(4)).map((port) => `127.0.0.1:${port}`);
    const places: Place[] = [a, b, c].map((peer = "", i) => {
      return { id: `n${i + 1}`, peer, data: temporaryDirectory() };
    });
    const [n1, n2, n3] = places.map((place) => startAt(place, places));
    const [third] = places.slice(2);
    if (!n1 || !n2 || !n3 || !third || !moved) throw new Error("there are three");
    const { http } = await n1.ready;
    await Promise.all([n2.ready, n3.ready]);
    const put = async (key: string): Promise<number> =>
      (await send(http, "PUT", `/v1/kv/${key}`, { body: key })).status;
    await expect.poll(() => put("before"), { timeout: 30_000 }).toBe(201);
    n3.child.kill("SIGTERM");
    await n3.ended;
    expect(await put("meanwhile")).toBe(201);

    const there = { ...third, peer: moved };
    const again = startAt(there, [...places.slice(0, 2), there]);
    const { http: ownHttp } = await again.ready;
    const addresses = async (): Promise<unknown> => {
      const { members, committed } = parsed(await send(http, "GET", "/v1/cluster/members")) as {
        readonly members: readonly { readonly id: string; readonly address: string }[];
        readonly committed: boolean;
      };
      return { committed, at: members.find(({ id }) => id === "n3")?.address };
    };
    await expect.poll(addresses, { timeout: 30_000 }).toEqual({ committed: true, at: moved });
    const read = async (): Promise<unknown> =>
      (await send(ownHttp, "GET", "/v1/kv/meanwhile")).body.toString();
    await expect.poll(read, { timeout: 30_000 }).toBe("meanwhile");
    // A majority needs it now: the others find it at its new address alone.
    n2.child.kill("SIGKILL");
    await n2.ended;
    await expect.poll(() => put("after"), { timeout: 30_000 }).toBe(201);
  },
);
