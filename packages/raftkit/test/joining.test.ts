// How a node comes to its cluster: what it may be told, what `member` says, and what becomes of data
// directories that don't fit.
import { describe, expect, onTestFinished, test } from "vitest";
import { RaftkitError } from "@raftkit/core";
import type { NotMember, RaftNode } from "raftkit";
import { createNode, InvalidOption } from "raftkit";
import type { TestCluster } from "./support/cluster.js";
import { cluster, partsOf } from "./support/cluster.js";
import { createLines } from "./support/lines.js";
import { failure, join, membersAt, works } from "./support/members.js";
import { createTestLog } from "./support/storage.js";

const THREE = ["n1", "n2", "n3"];

/** How `member` fails. */
async function refusal(
  { clock }: TestCluster,
  call: Promise<unknown>,
): Promise<Pick<NotMember, "reason" | "answer" | "message" | "code">> {
  const error: unknown = await clock.outcome(call.catch((reason: unknown) => reason));
  expect(error).toHaveProperty("code", "NOT_MEMBER");
  return error as NotMember;
}

const close = (
  { clock }: TestCluster,
  { node }: { readonly node: RaftNode<string, number, string, string> },
): Promise<void> => clock.outcome(node.close());

describe("what a node is told of its cluster", () => {
  const address = "n4.test:1";
  const list = [{ id: "n4", address }];
  test.each([
    [
      "nothing",
      {},
      undefined,
      /cluster: given neither bootstrap nor join; allowed: one of bootstrap/,
    ],
    ["both", { bootstrap: list, join: ["a:1"] }, address, /given bootstrap and join/],
    [
      "alone among others",
      { bootstrap: [...list, { id: "n1", address: "a:1" }], alone: true },
      undefined,
      /cluster\.alone: given true; allowed: if cluster\.bootstrap lists only/,
    ],
    [
      "rejoin without join",
      { bootstrap: list, rejoin: true },
      undefined,
      /belongs to cluster\.join/,
    ],
    ["alone with join", { join: ["a:1"], alone: true }, address, /belongs to cluster\.bootstrap/],
    ["join without an address", { join: ["a:1"] }, undefined, /option address: not given/],
    ["a bad address", { join: ["a:1"] }, "a b", /option address: given "a b"/],
    ["nobody to join", { join: [] }, address, /cluster\.join: given \[\]/],
    ["itself to join", { join: [address] }, address, /at least one of them not this node's own/],
    ["a bad address to join", { join: ["a b"] }, address, /cluster\.join: given "a b"/],
    ["no text to join", { join: [7] }, address, /cluster\.join\[0\]: given a number/],
    [
      "a list of one",
      { bootstrap: list },
      undefined,
      /set cluster\.alone: true at this first start/,
    ],
    [
      "another address than its list's",
      { bootstrap: list, alone: true },
      "elsewhere:1",
      /address: given "elsewhere:1"; allowed: n4\.test:1/,
    ],
  ])("%s is refused", async (_, given, own, message) => {
    const { clock, network } = await cluster(1);
    const { options, log } = partsOf(clock, network, "n4", []);
    const place = own === undefined ? {} : { address: own };
    const untyped: object = { ...options, ...place, cluster: { id: "test", ...given } };
    const call = createNode(untyped as typeof options);
    await expect(call).rejects.toBeInstanceOf(InvalidOption);
    await expect(call).rejects.toThrow(message);
    expect(log.operations).toEqual([]);
  });

  test("alone is for the first start only: with a log that has others it is refused", async () => {
    const started = await cluster(1);
    const { clock, network, leader } = started;
    const again = partsOf(clock, network, "n1", ["n1"]);
    const options = { ...again.options, storage: { log: leader.log } };
    await close(started, leader);
    const first = await createNode(options);
    const n2 = await join(started, "n2");
    await clock.outcome(first.changeMembership({ voters: ["n1", "n2"] }));
    await close(started, { node: first });
    const message =
      /cluster\.alone: given true, but the log of node n1 also has other members: n2;/;
    await expect(createNode(options)).rejects.toThrow(message);
    const { bootstrap } = again.options.cluster;
    const second = await createNode({
      ...options,
      transport: network.transport(),
      cluster: { id: "test", bootstrap },
    });
    await clock.until(() => second.status().leaderId !== null);
    expect(membersAt({ node: second })).toBe("n1,n2");
    expect(await works(started, n2)).toBe(true);
    await close(started, { node: second });
  });
});

describe("member", () => {
  test("is answered at once on a member, and on a joiner once it is one", async () => {
    const started = await cluster(3);
    const { clock, leader } = started;
    expect(await clock.outcome(leader.node.member())).toMatchObject({
      role: "voter",
      configurationIndex: 1,
    });
    const n4 = await join(started, "n4");
    const call = n4.node.member({ timeoutMs: Infinity });
    await clock.run(10_000);
    expect(leader.node.status().introductions).toMatchObject([
      { id: "n4", address: "n4.test:1", rejoin: false },
    ]);
    await clock.outcome(leader.node.changeMembership({ voters: THREE, learners: ["n4"] }));
    expect(await clock.outcome(call)).toMatchObject({
      role: "learner",
      configuration: { learners: [{ id: "n4", incarnation: "n4-data-directory-1" }] },
    });
    expect(leader.node.status().introductions).toEqual([]);
  });

  test("says that nobody answered, and what was heard instead", async () => {
    const started = await cluster(1);
    const n4 = await join(started, "n4", { via: ["n8", "n9"] });
    const error = await refusal(started, n4.node.member());
    expect(error).toMatchObject({ reason: "timeout", answer: null });
    expect(error.message).toMatch(
      /no member answered at n8\.test:1 or n9\.test:1: is one running there/,
    );
    n4.transport.handler?.rejected(new RaftkitError("OTHER", "n8 is of cluster blue"));
    expect((await refusal(started, n4.node.member())).message).toMatch(
      /last refusal: n8 is of cluster blue$/,
    );
  });

  test("says that it waits to be added", async () => {
    const started = await cluster(3);
    const lines = createLines();
    const n4 = await join(started, "n4", { change: { logger: lines } });
    const error = await refusal(started, n4.node.member({ timeoutMs: 3000 }));
    expect(error).toMatchObject({ reason: "timeout", answer: "waiting" });
    expect(error.message).toMatch(
      /waits to be added: name n4 in a changeMembership call on a member/,
    );
    expect(lines.matching(/introduced itself to n1: it waits to be added/)).toMatchObject([
      { level: "info" },
    ]);
    expect(lines.matching(/isn't a member of the cluster yet/)).toMatchObject([{ level: "warn" }]);
    const ready = n4.node.ready({ timeoutMs: 100 });
    await expect(started.clock.outcome(ready)).rejects.toThrow(
      /n4 isn't a member.*waits to be added/,
    );
    const write = n4.node.propose("a", { timeoutMs: 100 });
    await expect(started.clock.outcome(write)).rejects.toThrow(/n4 isn't a member/);
  });

  test("says that another data directory has its id", async () => {
    const started = await cluster(3);
    await close(started, started.followers[1]);
    const log = createTestLog("n3-data-directory-2");
    const n3 = await join(started, "n3", { change: { storage: { log } } });
    const error = await refusal(started, n3.node.member({ timeoutMs: 3000 }));
    expect(error).toMatchObject({ answer: "idTaken" });
    expect(error.message).toMatch(
      /n3 is already a member, with another data directory.*rejoin: true/,
    );
  });

  test("says that no member has the id with which it rejoins, and waits to be added", async () => {
    const started = await cluster(3);
    const { clock, leader } = started;
    const lines = createLines();
    const n4 = await join(started, "n4", { rejoin: true, change: { logger: lines } });
    const error = await refusal(started, n4.node.member({ timeoutMs: 3000 }));
    expect(error).toMatchObject({ answer: "notMember" });
    expect(error.message).toMatch(/no member is called n4: .*name n4 in a changeMembership call/);
    expect(lines.matching(/itself to n1: .*no member is called n4/)).toMatchObject([
      { level: "warn" },
    ]);
    expect(leader.node.status()).toMatchObject({
      configurationIndex: 1,
      introductions: [{ id: "n4", rejoin: true }],
    });
    await clock.outcome(leader.node.changeMembership({ voters: [...THREE, "n4"] }));
    expect(await works(started, n4)).toBe(true);
    // The same command again: its directory isn't empty any more.
    await close(started, n4);
    const again = await join(started, "n4", {
      rejoin: true,
      change: { storage: { log: n4.log }, logger: lines },
    });
    expect(lines.matching(/cluster\.rejoin is ignored/)).toMatchObject([{ level: "info" }]);
    expect(await clock.outcome(again.node.member())).toMatchObject({ role: "voter" });
  });

  test("says that another member has its address", async () => {
    const started = await cluster(3);
    const n4 = await join(started, "n4", { change: { address: "n2.test:1" } });
    const error = await refusal(started, n4.node.member({ timeoutMs: 3000 }));
    expect(error).toMatchObject({ answer: "addressTaken" });
    expect(error.message).toMatch(/another member has its address n2\.test:1/);
    expect(
      await failure(started, started.leader.node.changeMembership({ voters: [...THREE, "n4"] })),
    ).toMatchObject({ reason: "unknownServer", ids: ["n4"] });
  });

  test("ends with its signal, and with the node", async () => {
    const started = await cluster(3);
    const n4 = await join(started, "n4");
    const early = n4.node.member({ signal: AbortSignal.abort("no") });
    expect(await refusal(started, early)).toMatchObject({ reason: "aborted", cause: "no" });
    const late = refusal(started, n4.node.member());
    await close(started, n4);
    expect(await late).toMatchObject({ reason: "closing" });
    expect(await refusal(started, n4.node.member())).toMatchObject({ reason: "closing" });
  });
});

describe("a joiner", () => {
  test("comes back with the command that it was started with first", async () => {
    const started = await cluster(3);
    const { clock, leader } = started;
    const n4 = await join(started, "n4");
    await clock.outcome(leader.node.changeMembership({ voters: [...THREE, "n4"] }));
    await clock.outcome(n4.node.member());
    // It has found its cluster, and looks for it nowhere else any more.
    expect(n4.transport.seeds).toEqual([]);
    await close(started, n4);
    const again = await join(started, "n4", { change: { storage: { log: n4.log } } });
    expect(again.transport.seeds).toEqual(["n1.test:1"]);
    expect(await clock.outcome(again.node.member())).toMatchObject({ role: "voter" });
    expect(await works(started, again)).toBe(true);
    expect(again.node.status()).toMatchObject({ run: 2, bootstrap: null });
  });

  test("with a log of a cluster that it founded alone stops, and changes nothing", async () => {
    const started = await cluster(3);
    const { clock, network } = started;
    const { options, log } = partsOf(clock, network, "n4", ["n4"]);
    const alone = await createNode(options);
    await clock.until(() => alone.status().role === "leader");
    await close(started, { node: alone });
    const before = log.operations.length;
    const lines = createLines();
    const n4 = await join(started, "n4", { change: { storage: { log }, logger: lines } });
    expect(await clock.outcome(n4.node.closed)).toMatchObject({
      code: "OTHER_CLUSTER",
      message: expect.stringMatching(/founded alone; it stops.*empty data directory/),
    });
    // A vote and a no-op of its own, perhaps: what it had is there.
    expect(log.operations.length - before).toBeLessThanOrEqual(2);
    expect(lines.matching(/founded alone/)).toMatchObject([{ level: "error" }]);
  });

  test("with a log of another cluster of that name is told so, and goes on", async () => {
    const started = await cluster(3);
    const { clock, network } = started;
    const ids = ["n4", "n5", "n6"];
    const logs = new Map<string, ReturnType<typeof createTestLog>>();
    const others = await Promise.all(
      ids.map((id) => {
        const { options, log } = partsOf(clock, network, id, ids);
        logs.set(id, log);
        return createNode(options);
      }),
    );
    await clock.until(() => others.every((node) => node.status().leaderId !== null));
    for (const node of others) await close(started, { node });
    const lines = createLines();
    const log = logs.get("n4");
    if (!log) throw new Error("n4 has a log");
    const n4 = await join(started, "n4", { change: { storage: { log }, logger: lines } });
    await clock.run(2000);
    expect(lines.matching(/log of another cluster with the same id/)).toMatchObject([
      { level: "warn" },
    ]);
    expect(n4.node.status().state).toBe("running");
    const error = await refusal(started, n4.node.member());
    expect(error).toMatchObject({ answer: "otherCluster" });
  });
});

test("a voter that lost its data directory takes its place again by itself", async () => {
  const started = await cluster(3);
  const { clock, leader, followers } = started;
  await clock.outcome(leader.node.propose("a"));
  await close(started, followers[1]);
  const log = createTestLog("n3-data-directory-2");
  const lines = createLines();
  const change = { storage: { log }, logger: lines };
  const n3 = await join(started, "n3", { rejoin: true, change });
  await clock.until(() => lines.matching(/waits to replace the lost n3/).length > 0);
  const standing = await clock.outcome(n3.node.member({ timeoutMs: 20_000 }));
  expect(["learner", "voter"]).toContain(standing.role);
  await clock.until(() => membersAt(n3) === "n1,n2,n3");
  expect(n3.node.status().configuration?.voters).toContainEqual({
    id: "n3",
    incarnation: "n3-data-directory-2",
    address: "n3.test:1",
  });
  expect(await works(started, n3)).toBe(true);
  expect(n3.machine.commands.slice(0, 1)).toEqual(["a"]);
});

test("a member that is started at another address is followed there", async () => {
  const started = await cluster(3);
  const { clock, network, leader, followers } = started;
  const [, n3] = followers;
  await close(started, n3);
  const { options } = partsOf(clock, network, "n3", THREE);
  const moved = await createNode({
    ...options,
    storage: { log: n3.log },
    address: "moved.test:1",
  });
  onTestFinished(() => close(started, { node: moved }));
  await clock.until(
    () =>
      leader.node.status().configuration?.voters.find(({ id }) => id === "n3")?.address ===
      "moved.test:1",
  );
  expect(membersAt(leader)).toBe("n1,n2,n3");
  // A change that expects the configuration of before says so.
  const error = await failure(
    started,
    leader.node.changeMembership({ voters: ["n1", "n2"] }, { expected: 1 }),
  );
  expect(error.reason).toBe("stale");
});

test("a node that was removed says so wherever it is asked", async () => {
  const started = await cluster(3);
  const { clock, network, leader, followers } = started;
  const [, n3] = followers;
  const removed: unknown[] = [];
  n3.node.on("removed", (event) => removed.push(event));
  network.isolate("n3");
  await clock.outcome(leader.node.changeMembership({ voters: ["n1", "n2"] }));
  await clock.run(5000);
  network.heal();
  await clock.until(() => removed.length > 0);
  const { removedAt, term } = n3.node.status();
  expect(removed).toEqual([
    { configurationIndex: removedAt, by: expect.stringMatching(/^n[12]$/) },
  ]);
  expect(removedAt).toBe(leader.node.status().configurationIndex);
  const text =
    /node n3 was removed from the cluster: the configuration committed at index \d+ doesn't/;
  const timeoutMs = 500;
  await expect(clock.outcome(n3.node.ready({ timeoutMs }))).rejects.toThrow(text);
  await expect(clock.outcome(n3.node.propose("a", { timeoutMs }))).rejects.toThrow(text);
  await expect(clock.outcome(n3.node.read("q", { timeoutMs }))).rejects.toThrow(text);
  await expect(clock.outcome(n3.node.member({ timeoutMs }))).rejects.toThrow(text);
  expect(await failure(started, n3.node.changeMembership({ voters: THREE }))).toMatchObject({
    reason: "notMember",
    message: expect.stringMatching(text),
  });
  // It disturbs nobody, and can be added again.
  expect(n3.node.status().term).toBe(term);
  await clock.outcome(leader.node.changeMembership({ voters: THREE }));
  expect(n3.node.status().removedAt).toBeNull();
  expect(await works(started, n3)).toBe(true);
});
