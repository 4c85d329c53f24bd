// Each scene tells what the real core does: all of its steps come to their ends, and what they say
// is so.
import { expect, test } from "vitest";
import type { Picture } from "../src/model/picture.js";
import { scenes, sceneOf } from "../src/scenes/all.js";
import { Run } from "../src/scenes/run.js";
import { nodeIn, termsOf } from "../src/scenes/scene.js";

function begin(id: string): Run {
  const scene = sceneOf(id);
  if (!scene) throw new Error(`no scene ${id}`);
  return Run.ofScene(scene);
}

/** What is seen at the end of each step. */
function play(id: string): Picture[] {
  const run = begin(id);
  const pictures: Picture[] = [];
  for (;;) {
    run.finishStep();
    pictures.push(run.picture);
    if (!run.hasNextStep) return pictures;
    run.nextStep();
  }
}

const allTermsOf = (picture: Picture | undefined): Record<string, string> =>
  Object.fromEntries(picture?.nodes.map((node) => [node.id, termsOf(node)]) ?? []);

test.each(scenes.map(({ id }) => id))("%s comes to its end, and no node stops by itself", (id) => {
  for (const { nodes } of play(id)) {
    expect(nodes.filter(({ state }) => state === "failed")).toEqual([]);
  }
});

test.each(scenes.map(({ id }) => id))("%s is the same run when it is opened by its link", (id) => {
  const run = begin(id);
  for (;;) {
    run.finishStep();
    if (!run.hasNextStep) break;
    run.nextStep();
  }
  const opened = Run.ofLink(run.link);
  expect(opened?.isSame).toBe(true);
  expect(opened?.run.stepNumber).toBe(run.stepNumber);
  expect(opened?.run.isWaiting).toBe(true);
  expect(opened?.run.picture).toEqual(run.picture);
});

test("the first election: S1 asks first, then campaigns, then leads", () => {
  const [, asking, candidate, elected, , applied] = play("first-election");
  expect(asking && nodeIn(asking, "S1")).toMatchObject({ isPreCandidate: true, term: 1 });
  expect(candidate && nodeIn(candidate, "S1")).toMatchObject({ isPreCandidate: false, term: 2 });
  expect(elected?.leader).toMatchObject({ id: "S1", term: 2 });
  expect(applied?.nodes.map(({ machine }) => machine)).toEqual(Array(5).fill({ x: "1" }));
});

test("the split vote: two votes each, nobody leads term 2, somebody term 3", () => {
  const [both, split, nobody, end] = play("split-vote");
  expect(both?.leader).toBeUndefined();
  expect(split && nodeIn(split, "S1").votes.toSorted()).toEqual(["S1", "S3"]);
  expect(split && nodeIn(split, "S2").votes.toSorted()).toEqual(["S2", "S4"]);
  expect(nobody?.leader).toBeUndefined();
  expect(end?.leader?.term).toBe(3);
});

test("the old leader: what it alone had is gone, and the others' entry is there", () => {
  const [, cutOff, , goesOn, back] = play("old-leader");
  expect(allTermsOf(cutOff)["S1"]).toBe("1 2 2");
  expect(cutOff && nodeIn(cutOff, "S1").commitIndex).toBe(2);
  expect(allTermsOf(goesOn)["S1"]).toBe("1 2 2");
  expect(back?.nodes.map(({ machine }) => machine)).toEqual(Array(5).fill({ y: "2" }));
});

test("Figure 7: the logs of the figure, then seven like the leader's", () => {
  const [figure, elected, , alike] = play("figure-7");
  expect(allTermsOf(figure)).toEqual({
    S1: "1 1 1 4 4 5 5 6 6 6",
    S2: "1 1 1 4 4 5 5 6 6",
    S3: "1 1 1 4",
    S4: "1 1 1 4 4 5 5 6 6 6 6",
    S5: "1 1 1 4 4 5 5 6 6 6 7 7",
    S6: "1 1 1 4 4 4 4",
    S7: "1 1 1 2 2 2 3 3 3 3 3",
  });
  expect(elected?.leader).toMatchObject({ id: "S1", term: 8 });
  expect(new Set(Object.values(allTermsOf(alike)))).toEqual(new Set(["1 1 1 4 4 5 5 6 6 6 8"]));
});

test("Figure 8: on three of five and lost in (d), committed in (e)", () => {
  const [a, b, , c, , d, e, end] = play("figure-8");
  expect(allTermsOf(a)).toEqual({ S1: "1 2", S2: "1 2", S3: "1", S4: "1", S5: "1" });
  expect(allTermsOf(b)).toEqual({ S1: "1 2", S2: "1 2", S3: "1", S4: "1", S5: "1 3" });
  expect(allTermsOf(c)).toEqual({ S1: "1 2 4", S2: "1 2", S3: "1 2", S4: "1", S5: "1 3" });
  expect(c && nodeIn(c, "S1").commitIndex).toBe(0);
  expect(d?.leader).toMatchObject({ id: "S5", term: 5 });
  expect(allTermsOf(d)).toMatchObject({ S2: "1 3 5", S3: "1 3 5", S4: "1 3 5", S5: "1 3 5" });
  expect(e?.leader).toMatchObject({ id: "S1", term: 4, commitIndex: 3 });
  expect(allTermsOf(end)["S5"]).toBe("1 2 4");
  expect(end?.leader?.id).not.toBe("S5");
});

test("the lossy network: everything arrives all the same", () => {
  const end = play("lossy-network").at(-1);
  const machine = { x: "7", y: "5", z: "6" };
  expect(end?.nodes.map((node) => node.machine)).toEqual(Array(5).fill(machine));
});

test("the membership change: S4 learns, then votes, and S1 is gone", () => {
  const pictures = play("membership-change");
  const [before, started, learner, joint, voter, end] = pictures;
  expect(before?.nodes).toHaveLength(3);
  const memberships = [started, learner, joint, voter, end].map(
    (picture) => picture && nodeIn(picture, "S4").membership,
  );
  expect(memberships).toEqual(["none", "learner", "voter", "voter", "voter"]);
  expect([learner?.isJoint, joint?.isJoint, voter?.isJoint]).toEqual([false, true, false]);
  expect(end && nodeIn(end, "S1").membership).toBe("none");
});

test("the snapshot install: S3 has the state without the entries", () => {
  const [, behind, compacted, , end] = play("snapshot-install");
  expect(behind && nodeIn(behind, "S3").entries).toHaveLength(2);
  expect(compacted && nodeIn(compacted, "S1").base.index).toBeGreaterThan(2);
  const s3 = end && nodeIn(end, "S3");
  expect(s3?.base.index).toBe(9);
  expect(s3?.entries).toEqual([]);
  expect(s3?.machine).toEqual(end && nodeIn(end, "S1").machine);
});

test("a step can be gone back to", () => {
  const run = begin("figure-8");
  for (let i = 0; i < 4; i++) {
    run.finishStep();
    run.nextStep();
  }
  const third = run.goToStep(3);
  expect(third.stepNumber).toBe(3);
  third.finishStep();
  expect(nodeIn(third.picture, "S1").term).toBe(3);
});
