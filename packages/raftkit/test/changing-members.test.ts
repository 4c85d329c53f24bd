// `changeMembership`: one call from any member to any members, whatever dies meanwhile.
import { describe, expect, test } from "vitest";
import { decodeFrame } from "@raftkit/core";
import type { Member } from "./support/cluster.js";
import { cluster, jsonCodec } from "./support/cluster.js";
import { createSteps, join, membersAt, works } from "./support/members.js";

const THREE = ["n1", "n2", "n3"];

describe("changeMembership", () => {
  test("grows a cluster from one node to five, and back to one", async () => {
    const started = await cluster(1);
    const { clock, leader } = started;
    const all: Member[] = [leader];
    for (const [a, b] of [
      ["n2", "n3"],
      ["n4", "n5"],
    ] as const) {
      all.push(await join(started, a), await join(started, b));
      const steps = createSteps();
      const voters = all.map(({ id }) => id);
      // The last one that is a member already drives it.
      const by = all.at(-3) ?? leader;
      const changed = await clock.outcome(
        by.node.changeMembership({ voters }, { onProgress: steps.onProgress }),
      );
      expect(changed.configuration.voters.map(({ id }) => id).toSorted()).toEqual(voters);
      expect(changed.configuration).toMatchObject({ learners: [], outgoing: [] });
      expect(by.node.status()).toMatchObject({
        configurationIndex: changed.configurationIndex,
        configurationCommitted: true,
      });
      expect(steps.names().filter((step) => step !== "catchingUp" && step !== "waiting")).toEqual([
        "learning",
        "joint",
        "done",
      ]);
      for (const member of all) expect(await works(started, member)).toBe(true);
    }
    expect(
      await clock.outcome(all[4]?.node.member() ?? Promise.reject(new Error("?"))),
    ).toMatchObject({ role: "voter" });
    await clock.outcome(leader.node.changeMembership({ voters: ["n1"] }));
    for (const { node } of all.slice(1)) await clock.outcome(node.close());
    expect(membersAt(leader)).toBe("n1");
    expect(await works(started, leader)).toBe(true);
  });

  test("replaces a node, called on the one that leaves", async () => {
    const started = await cluster(3);
    const { clock, leader, followers } = started;
    const n4 = await join(started, "n4", { via: ["n2"] });
    const [, n3] = followers;
    const steps = createSteps();
    await clock.outcome(
      n3.node.changeMembership({ voters: ["n1", "n2", "n4"] }, { onProgress: steps.onProgress }),
    );
    expect(steps.told.at(-1)).toMatchObject({ step: "done" });
    await clock.run(1000);
    expect(membersAt(leader)).toBe("n1,n2,n4");
    expect(membersAt(n4)).toBe("n1,n2,n4");
    expect(await works(started, n4)).toBe(true);
    expect(n4.machine.commands).toEqual(leader.machine.commands);
  });

  test("lets the leader leave, and somebody else leads at once", async () => {
    const started = await cluster(3);
    const { clock, leader, followers } = started;
    const before = clock.now();
    await clock.outcome(leader.node.changeMembership({ voters: ["n2", "n3"] }));
    const next = followers[0];
    await clock.until(
      () => next.node.status().leaderId !== "n1" && next.node.status().leaderId !== null,
    );
    // Nobody waits for an election timeout.
    expect(clock.now() - before).toBeLessThan(150);
    expect(membersAt(next)).toBe("n2,n3");
    expect(await works(started, next)).toBe(true);
  });

  test("makes learners, voters of them, and learners of voters", async () => {
    const started = await cluster(3);
    const { clock, leader } = started;
    const n4 = await join(started, "n4");
    await clock.run(100);
    const steps = createSteps();
    await clock.outcome(
      leader.node.changeMembership(
        { voters: THREE, learners: ["n4"] },
        { onProgress: steps.onProgress },
      ),
    );
    expect(membersAt(leader)).toBe("n1,n2,n3 learners=n4");
    expect(steps.names()).toEqual(["done"]);
    expect(await clock.outcome(n4.node.member())).toMatchObject({ role: "learner" });
    expect(leader.node.status().peers.map(({ id, role }) => `${id} ${role}`)).toEqual([
      "n2 voter",
      "n3 voter",
      "n4 learner",
    ]);
    await clock.outcome(n4.node.changeMembership({ voters: ["n1", "n2", "n4"], learners: ["n3"] }));
    expect(membersAt(leader)).toBe("n1,n2,n4 learners=n3");
    expect(await works(started, n4)).toBe(true);
  });

  test("to what is there already changes nothing", async () => {
    const { clock, leader, followers } = await cluster(3);
    const { lastIndex } = leader.node.status();
    const call = followers[0].node.changeMembership({ voters: ["n3", "n1", "n2"], learners: [] });
    expect(await clock.outcome(call)).toMatchObject({ configurationIndex: 1 });
    expect(leader.node.status().lastIndex).toBe(lastIndex);
  });

  test("waits for nodes that aren't there yet", async () => {
    const started = await cluster(3);
    const { clock, leader } = started;
    const steps = createSteps();
    const call = leader.node.changeMembership(
      { voters: [...THREE, "n4"] },
      { onProgress: steps.onProgress },
    );
    await clock.run(2000);
    expect(steps.told).toEqual([{ step: "waiting", ids: ["n4"] }]);
    await join(started, "n4");
    expect((await clock.outcome(call)).configuration.voters).toHaveLength(4);
    expect(steps.names()).toContain("learning");
  });

  test("is finished by the same call on another node, if its node ends half-way", async () => {
    const started = await cluster(3);
    const { clock, followers } = started;
    const [n2, n3] = followers;
    await join(started, "n4");
    await clock.run(100);
    const voters = [...THREE, "n4"];
    const ended = n3.node
      .changeMembership(
        { voters },
        {
          onProgress: ({ step }) => {
            if (step === "learning") void n3.node.close();
          },
        },
      )
      .catch((error: unknown) => error);
    expect(await clock.outcome(ended)).toMatchObject({ reason: "closing", mayHappen: false });
    await clock.run(500);
    expect(membersAt(n2)).toBe("n1,n2,n3 learners=n4");
    const steps = createSteps();
    await clock.outcome(n2.node.changeMembership({ voters }, { onProgress: steps.onProgress }));
    expect(membersAt(n2)).toBe("n1,n2,n3,n4");
    expect(steps.names()).not.toContain("learning");
  });

  test.each(["learning", "joint"] as const)(
    "goes on under the next leader, if the leader dies at the step %s",
    async (at) => {
      const started = await cluster(5);
      const { clock, network, followers } = started;
      const [n2] = followers;
      await join(started, "n6", { via: ["n2"] });
      await clock.run(100);
      const voters = ["n1", "n2", "n3", "n4", "n6"];
      let wasCut = false;
      const call = n2.node.changeMembership(
        { voters },
        {
          onProgress: ({ step }) => {
            if (step !== at || wasCut) return;
            wasCut = true;
            network.isolate("n1");
          },
        },
      );
      expect(
        (await clock.outcome(call)).configuration.voters.map(({ id }) => id).toSorted(),
      ).toEqual(voters);
      expect(wasCut).toBe(true);
      expect(n2.node.status().leaderId).not.toBe("n1");
    },
  );

  test("is made under the next leader, where the first one's entry was lost with it", async () => {
    const started = await cluster(3);
    const { clock, network, leader, followers } = started;
    const [n2] = followers;
    // n1 takes the change, and nobody gets it.
    leader.transport.refuses = (_, frame) => {
      const message = decodeFrame(jsonCodec, frame);
      return message?.type === "appendEntries" && message.entries.length > 0;
    };
    const steps = createSteps();
    const call = n2.node.changeMembership(
      { voters: ["n1", "n2"] },
      {
        onProgress: (progress) => {
          steps.onProgress(progress);
          if (steps.told.length === 1) network.isolate("n1");
        },
      },
    );
    await clock.until(() => ["n2", "n3"].includes(n2.node.status().leaderId ?? ""));
    network.heal();
    leader.transport.refuses = () => false;
    const { configuration, configurationIndex } = await clock.outcome(call);
    expect(configuration.voters.map(({ id }) => id)).toEqual(["n1", "n2"]);
    expect(configurationIndex).toBeGreaterThan(3);
    // Taken twice: once by each leader.
    expect(steps.told.at(-1)).toEqual({ step: "done", index: configurationIndex });
    expect(steps.told.filter(({ step }) => step === "joint")).toHaveLength(2);
  });

  test("is done when the joint configuration is left, which a transfer may hold up", async () => {
    const { clock, network, leader } = await cluster(3);
    network.isolate("n3");
    let transfer: Promise<unknown> = Promise.resolve();
    const { configuration } = await clock.outcome(
      leader.node.changeMembership(
        { voters: ["n1", "n2"] },
        {
          onProgress: ({ step }) => {
            if (step !== "joint") return;
            transfer = leader.node.transferLeadership("n3").catch((error: unknown) => error);
          },
        },
      ),
    );
    expect(configuration.outgoing).toEqual([]);
    expect(await clock.outcome(transfer)).toMatchObject({ code: "TRANSFER_FAILED" });
  });

  test("an onProgress that throws is logged, and stops nothing", async () => {
    const lines: string[] = [];
    const log = (_: object, message: string): void => void lines.push(message);
    const logger = { debug: log, info: log, warn: log, error: log };
    const { clock, leader } = await cluster(3, { logger });
    const onProgress = (): void => {
      throw new Error("mine");
    };
    await clock.outcome(leader.node.changeMembership({ voters: ["n1", "n2"] }, { onProgress }));
    expect(membersAt(leader)).toBe("n1,n2");
    expect(lines.join("\n")).toMatch(/onProgress.* threw: mine/);
  });
});
