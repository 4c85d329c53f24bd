// A vote or a pre-vote that isn't given says why, also where no reply leaves; a given one says
// nothing.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Effect, VoteRefusal } from "@raftkit/core";
import type { Solo } from "../support/solo.js";
import { campaign, hear, persist, sent, solo, soloLeader, timeout } from "../support/solo.js";

type Refused = Extract<Effect, { readonly type: "voteRefused" }>;
type Request = Refused["request"];

const REQUESTS: readonly Request[] = ["preVote", "requestVote"];

function refusalsOf({ effects }: Solo): Refused[] {
  return effects.flatMap((effect) => (effect.type === "voteRefused" ? [effect] : []));
}

/** What n3 is told when it asks; `undefined`: nothing. */
function ask(
  made: Solo,
  request: Request,
  term: number,
  last: string,
  more: Readonly<Record<string, string>> = {},
): { readonly granted: boolean | undefined; readonly reasons: readonly VoteRefusal[] } {
  made.effects = [];
  hear(made, "n3", request, { term, last, ...more });
  persist(made);
  const replies =
    request === "preVote" ? sent(made, "preVoteReply") : sent(made, "requestVoteReply");
  return {
    granted: replies.at(-1)?.voteGranted,
    reasons: refusalsOf(made).map(({ reason }) => reason),
  };
}

/** A follower of term 3 whose log ends at 3 in term 3 and that has heard nobody. */
function lonely(): Solo {
  const made = solo(3, { terms: [2, 3], currentTerm: 3 });
  made.cluster.now = 1_000;
  return made;
}

/** It heard its leader, n2 of term 3, at this moment. */
function led(): Solo {
  const made = lonely();
  hear(made, "n2", "appendEntries", { term: 3, prev: "3/3", round: 1 });
  persist(made);
  return made;
}

describe.each(REQUESTS)("a %s", (request) => {
  test("names who asked, for which term, and why not", () => {
    const made = lonely();
    hear(
      made,
      "n3",
      request,
      { term: 2, last: "9/9" },
      { incarnation: "n3-data-directory-2", run: 7 },
    );
    expect(refusalsOf(made)).toEqual([
      {
        type: "voteRefused",
        from: { id: "n3", incarnation: "n3-data-directory-2", run: 7 },
        request,
        term: 2,
        reason: "staleTerm",
      },
    ]);
  });

  test("that is granted says nothing", () => {
    expect(ask(lonely(), request, 4, "3/3")).toEqual({ granted: true, reasons: [] });
  });

  test.each(["2/3", "9/2", "0/0"])("for a log that ends at %s, behind 3/3: logBehind", (last) => {
    expect(ask(lonely(), request, 4, last)).toEqual({ granted: false, reasons: ["logBehind"] });
  });

  test("of a term that is over: staleTerm, whatever else speaks against it", () => {
    for (const made of [lonely(), led()]) {
      expect(ask(made, request, 2, "0/0")).toEqual({ granted: false, reasons: ["staleTerm"] });
    }
  });

  test("while the leader is live: leaderLive, to its last millisecond", () => {
    const granted = request === "preVote" ? false : undefined;
    const made = led();
    made.cluster.now += 149;
    expect(ask(made, request, 4, "0/0")).toEqual({ granted, reasons: ["leaderLive"] });
    made.cluster.now += 1;
    expect(ask(made, request, 4, "3/3")).toEqual({ granted: true, reasons: [] });
  });

  test("at the leader: leaderLive", () => {
    const granted = request === "preVote" ? false : undefined;
    const made = soloLeader(3);
    made.cluster.now += 10_000;
    expect(ask(made, request, 9, "9/9")).toEqual({ granted, reasons: ["leaderLive"] });
  });

  test("in a term whose vote is another's: alreadyVoted; one's own again: nothing", () => {
    const made = lonely();
    hear(made, "n2", "requestVote", { term: 4, last: "3/3" });
    persist(made);
    expect(ask(made, request, 4, "0/0")).toEqual({ granted: false, reasons: ["alreadyVoted"] });
    const own = lonely();
    expect(ask(own, "requestVote", 4, "3/3").granted).toBe(true);
    expect(ask(own, request, 4, "3/3")).toEqual({ granted: true, reasons: [] });
  });

  test("in a term in which it is a candidate itself: alreadyVoted", () => {
    const made = lonely();
    campaign(made);
    const { currentTerm } = made.node.raft.status;
    expect(ask(made, request, currentTerm, "3/3")).toEqual({
      granted: false,
      reasons: ["alreadyVoted"],
    });
  });
});

test("a pre-vote for a later term while its own vote is under way: electing", () => {
  const candidate = lonely();
  campaign(candidate);
  expect(ask(candidate, "preVote", 9, "3/3")).toEqual({ granted: false, reasons: ["electing"] });
  const voter = lonely();
  hear(voter, "n2", "requestVote", { term: 4, last: "3/3" });
  expect(ask(voter, "preVote", 5, "3/3").reasons).toEqual(["electing"]);
});

test("an election that the leader asked for isn't refused in its favour", () => {
  expect(ask(led(), "requestVote", 4, "3/3", { transfer: "true" })).toEqual({
    granted: true,
    reasons: [],
  });
});

test("of any requests in any order: each that isn't granted has one reason, each that is has none", () => {
  const request = fc.record({
    request: fc.constantFrom(...REQUESTS),
    from: fc.constantFrom("n2", "n3", "n9"),
    term: fc.integer({ min: 1, max: 7 }),
    index: fc.integer({ min: 0, max: 5 }),
    logTerm: fc.integer({ min: 0, max: 5 }),
  });
  const event = fc.oneof(
    { weight: 8, arbitrary: request },
    { weight: 1, arbitrary: fc.constant("leader" as const) },
    { weight: 1, arbitrary: fc.constant("timeout" as const) },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const made = lonely();
      for (const one of events) {
        if (one === "timeout") timeout(made);
        else if (one === "leader") {
          const { currentTerm: term, role } = made.node.raft.status;
          if (role !== "leader") {
            hear(made, "n2", "appendEntries", { term: term + 1, prev: "0/0", round: 1 });
          }
        } else {
          made.effects = [];
          const last = `${one.index}/${one.logTerm}`;
          hear(made, one.from, one.request, { term: one.term, last });
          persist(made);
          const replies = made.effects.flatMap((effect) =>
            effect.type === "send" && effect.to === one.from && "voteGranted" in effect.message
              ? [effect.message.voteGranted]
              : [],
          );
          expect(replies.length).toBeLessThanOrEqual(1);
          expect(refusalsOf(made)).toHaveLength(replies[0] === true ? 0 : 1);
        }
        persist(made);
      }
    }),
    { numRuns: 200 },
  );
});
