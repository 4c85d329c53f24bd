// Changes of the members that can't be made: each says why, what to do, and whether it may still
// happen; and leaves nothing behind that it doesn't name.
import { describe, expect, test } from "vitest";
import { InvalidOption } from "raftkit";
import type { ChangeMembershipOptions, Members, MembershipProgress } from "raftkit";
import { cluster } from "./support/cluster.js";
import { createSteps, failure, join, membersAt, works } from "./support/members.js";

const THREE = ["n1", "n2", "n3"];
const FIVE = [...THREE, "n4", "n5"];

describe("a change that can't be made", () => {
  test("because of what was given is refused at once", async () => {
    const started = await cluster(3);
    const { leader } = started;
    const odd = (given: unknown, options?: unknown): Promise<unknown> =>
      leader.node.changeMembership(given as Members, options as ChangeMembershipOptions);
    await expect(odd({ voters: ["n 1"] })).rejects.toThrow(/option voters: given "n 1"/);
    await expect(odd({ learners: [] })).rejects.toThrow(/option voters: not given/);
    await expect(odd({ voter: [] })).rejects.toThrow(/did you mean voters/);
    await expect(odd({ voters: THREE }, { expected: 0 })).rejects.toThrow(
      /option expected: given 0/,
    );
    await expect(odd({ voters: THREE }, { expect: 1 })).rejects.toBeInstanceOf(InvalidOption);
    expect(await failure(started, leader.node.changeMembership({ voters: [] }))).toMatchObject({
      code: "MEMBERSHIP_CHANGE_FAILED",
      reason: "noVoter",
      mayHappen: false,
      configurationIndex: 1,
    });
    expect(
      await failure(
        started,
        leader.node.changeMembership({ voters: ["n1", "n2"], learners: ["n2"] }),
      ),
    ).toMatchObject({ reason: "duplicate", ids: ["n2"] });
    const many = Array.from({ length: 101 }, (_, i) => `n${i + 1}`);
    expect(await failure(started, leader.node.changeMembership({ voters: many }))).toMatchObject({
      reason: "tooMany",
      message: expect.stringMatching(/nothing was changed/),
    });
  });

  test("because a node is unknown says which, and what to start", async () => {
    const started = await cluster(3);
    const { leader, clock } = started;
    const before = clock.now();
    const error = await failure(
      started,
      leader.node.changeMembership({ voters: [...THREE, "n8"], learners: ["n9"] }),
    );
    expect(error).toMatchObject({
      reason: "unknownServer",
      ids: ["n8"],
      mayHappen: false,
      message: expect.stringMatching(/no progress for 5000 ms: n8 isn't a member.*cluster\.join/),
    });
    expect(clock.now() - before).toBeGreaterThanOrEqual(5000);
    expect(leader.node.status().configurationIndex).toBe(1);
  });

  test("because another configuration was expected names the present one", async () => {
    const started = await cluster(3);
    const { clock, leader, followers } = started;
    const { configurationIndex } = await clock.outcome(
      leader.node.changeMembership({ voters: ["n1", "n2"], learners: ["n3"] }, { expected: 1 }),
    );
    const error = await failure(
      started,
      followers[1].node.changeMembership({ voters: ["n1"] }, { expected: 1 }),
    );
    expect(error).toMatchObject({
      reason: "stale",
      mayHappen: false,
      configurationIndex,
      message: expect.stringMatching(/voters n1, n2; learners n3\. Nothing was done/),
    });
    expect(membersAt(leader)).toBe("n1,n2 learners=n3");
    await clock.outcome(
      followers[1].node.changeMembership({ voters: THREE }, { expected: configurationIndex }),
    );
    expect(membersAt(leader)).toBe("n1,n2,n3");
  });

  test("because another administrator was faster: one wins, the other learns what it is now", async () => {
    const started = await cluster(3);
    const { clock, leader, followers } = started;
    await join(started, "n4");
    await join(started, "n5");
    await clock.run(100);
    const one = leader.node.changeMembership({ voters: [...THREE, "n4"] });
    const two = failure(started, followers[0].node.changeMembership({ voters: [...THREE, "n5"] }));
    expect((await clock.outcome(one)).configuration.voters).toHaveLength(4);
    const error = await two;
    expect(error).toMatchObject({ reason: "stale", mayHappen: false });
    const { voters = [], learners = [] } = error.configuration ?? {};
    const ids = [...voters, ...learners].map(({ id }) => id);
    expect(ids.toSorted()).toEqual([...THREE, "n4"]);
    expect(error.message).toMatch(/someone else changed.*the present one.*n4.*call again/);
    expect(membersAt(leader)).toBe("n1,n2,n3,n4");
  });

  test("because the members were changed while it waited for a node", async () => {
    const started = await cluster(3);
    const { clock, leader, followers } = started;
    const steps = createSteps();
    const waiting = failure(
      started,
      followers[0].node.changeMembership(
        { voters: [...THREE, "n4"] },
        { onProgress: steps.onProgress },
      ),
    );
    await clock.until(() => steps.told.length > 0);
    await clock.outcome(leader.node.changeMembership({ voters: ["n1", "n2"] }));
    await join(started, "n4");
    expect(await waiting).toMatchObject({
      reason: "stale",
      message: expect.stringMatching(
        /someone else changed.*, has voters n1, n2\. Nothing was done/,
      ),
    });
    expect(membersAt(leader)).toBe("n1,n2");
  });

  test("because a change is under way that can't end", async () => {
    const started = await cluster(5);
    const { clock, network, leader, followers } = started;
    // The new half has no majority as soon as it is needed.
    const first = leader.node
      .changeMembership(
        { voters: ["n1", "n4", "n5"] },
        {
          onProgress: ({ step }) => {
            if (step === "joint") network.isolate("n4", "n5");
          },
        },
      )
      .catch((error: unknown) => error);
    await clock.run(1000);
    expect(membersAt(leader)).toBe("n1,n4,n5 outgoing=n1,n2,n3,n4,n5");
    const error = await failure(started, leader.node.changeMembership({ voters: ["n1", "n2"] }));
    expect(["inProgress", "noLeader"]).toContain(error.reason);
    network.heal();
    await clock.outcome(first);
    await clock.until(() => membersAt(followers[0]) === "n1,n4,n5");
  });

  test("because too few of the new voters answer", async () => {
    const started = await cluster(5);
    const { clock, network, leader } = started;
    network.isolate("n4", "n5");
    await clock.run(1000);
    const error = await failure(
      started,
      leader.node.changeMembership({ voters: ["n1", "n4", "n5"] }),
    );
    expect(error).toMatchObject({ reason: "unreachable", ids: ["n4", "n5"], mayHappen: false });
    expect(leader.node.status()).toMatchObject({ role: "leader", configurationIndex: 1 });
  });

  test("because nobody leads", async () => {
    const started = await cluster(3);
    const { network, leader, clock } = started;
    network.isolate("n2", "n3");
    await clock.run(1000);
    const error = await failure(started, leader.node.changeMembership({ voters: ["n1"] }));
    expect(error).toMatchObject({ reason: "noLeader", mayHappen: false });
    expect(error.message).toMatch(/n2 at n2\.test:1 and n3 at n3\.test:1 didn't answer/);
  });

  test("because the node that was called is no member", async () => {
    const started = await cluster(3);
    const n4 = await join(started, "n4");
    await started.clock.run(100);
    const error = await failure(started, n4.node.changeMembership({ voters: FIVE }));
    expect(error).toMatchObject({ reason: "notMember", mayHappen: false });
  });
});

describe("a joiner that dies", () => {
  const dying = async (
    at: MembershipProgress["step"] | "before",
  ): Promise<{
    readonly outcome: unknown;
    readonly steps: ReturnType<typeof createSteps>;
    readonly members: string;
  }> => {
    const started = await cluster(3);
    const { clock, network, leader } = started;
    await join(started, "n4");
    await clock.run(100);
    if (at === "before") network.isolate("n4");
    const steps = createSteps();
    const outcome: unknown = await clock.outcome(
      leader.node
        .changeMembership(
          { voters: [...THREE, "n4"] },
          {
            onProgress: (progress) => {
              steps.onProgress(progress);
              if (progress.step === at) network.isolate("n4");
            },
          },
        )
        .catch((error: unknown) => error),
    );
    expect(await works(started, leader)).toBe(true);
    return { outcome, steps, members: membersAt(leader) };
  };

  test.each(["before", "learning"] as const)("(%s) is taken out again", async (at) => {
    const { outcome, steps, members } = await dying(at);
    expect(outcome).toMatchObject({
      reason: "notCaughtUp",
      ids: ["n4"],
      mayHappen: false,
      message: expect.stringMatching(/n4 was made a learner for it, and was removed again/),
    });
    expect(members).toBe("n1,n2,n3");
    expect(steps.told.at(-1)).toEqual({ step: "takenOut", ids: ["n4"] });
  });

  test("(joint) is a voter all the same: the others are a majority", async () => {
    const { outcome, members } = await dying("joint");
    expect(outcome).toHaveProperty("configurationIndex");
    expect(members).toBe("n1,n2,n3,n4");
  });

  test("stays a learner where it was one before the call", async () => {
    const started = await cluster(3);
    const { clock, network, leader } = started;
    await join(started, "n4");
    await clock.outcome(leader.node.changeMembership({ voters: THREE, learners: ["n4"] }));
    network.isolate("n4");
    await clock.run(1000);
    const error = await failure(
      started,
      leader.node.changeMembership({ voters: [...THREE, "n4"] }),
    );
    expect(error).toMatchObject({ reason: "notCaughtUp", mayHappen: false });
    expect(membersAt(leader)).toBe("n1,n2,n3 learners=n4");
  });
});

describe("a change that is given up", () => {
  test("by its time says what it waited for, and who stays behind", async () => {
    const started = await cluster(3);
    const { clock, network, leader } = started;
    await join(started, "n4");
    await clock.run(100);
    const error = await failure(
      started,
      leader.node.changeMembership(
        { voters: [...THREE, "n4"] },
        {
          timeoutMs: 1000,
          onProgress: ({ step }) => {
            if (step === "learning") network.isolate("n4");
          },
        },
      ),
    );
    expect(error).toMatchObject({
      reason: "timeout",
      ids: ["n4"],
      mayHappen: false,
      message: expect.stringMatching(/timed out: n4 is to be a voter.*; n4 remains a learner/),
    });
    expect(membersAt(leader)).toBe("n1,n2,n3 learners=n4");
  });

  test("once it is in the log may still happen, and says so", async () => {
    const started = await cluster(3);
    const { clock, network, leader, followers } = started;
    const error = await failure(
      started,
      leader.node.changeMembership(
        { voters: ["n1", "n2"] },
        {
          timeoutMs: 200,
          onProgress: ({ step }) => {
            if (step === "joint") network.isolate("n2", "n3");
          },
        },
      ),
    );
    expect(error).toMatchObject({
      reason: "timeout",
      mayHappen: true,
      configurationIndex: 1,
      message: expect.stringMatching(/can't be taken back.*may still happen: check the members/),
    });
    network.heal();
    await clock.until(() => followers[0].node.status().leaderId !== null);
  });

  test("by its signal", async () => {
    const started = await cluster(3);
    const { leader } = started;
    const early = leader.node.changeMembership(
      { voters: ["n1"] },
      { signal: AbortSignal.abort("no") },
    );
    expect(await failure(started, early)).toMatchObject({ reason: "aborted", cause: "no" });
    const controller = new AbortController();
    const late = leader.node.changeMembership(
      { voters: [...THREE, "n9"] },
      { signal: controller.signal, onProgress: () => controller.abort("enough") },
    );
    expect(await failure(started, late)).toMatchObject({
      reason: "aborted",
      cause: "enough",
      mayHappen: false,
    });
    expect(membersAt(leader)).toBe("n1,n2,n3");
  });

  test("by the end of its node", async () => {
    const started = await cluster(3);
    const { clock, leader } = started;
    const call = leader.node.changeMembership({ voters: [...THREE, "n9"] });
    const ended = failure(started, call);
    await clock.run(100);
    await clock.outcome(leader.node.close());
    expect(await ended).toMatchObject({ reason: "closing" });
    expect(await failure(started, leader.node.changeMembership({ voters: ["n1"] }))).toMatchObject({
      reason: "closing",
      mayHappen: false,
    });
  });
});
