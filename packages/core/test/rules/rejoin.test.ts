// A voter whose data directory was lost comes back: its place is marked in the configuration, so any
// leader goes on with it, and whoever has no place takes none.
import { describe, expect, test } from "vitest";
import type { TestNode } from "../support/cluster.js";
import {
  addNode,
  crash,
  endTurns,
  incarnationOf,
  nodeOf,
  restart,
  step,
} from "../support/cluster.js";
import type { Changing } from "../support/membership.js";
import {
  change,
  changeTo,
  configurationAt,
  join,
  leaderIn,
  meet,
  membersOf,
  run,
  wipe,
  works,
} from "../support/membership.js";
import { settle } from "../support/scene.js";
import { acknowledge, change as ask, readyLeader } from "../support/schedules.js";
import { hear, persist, sent, timeout } from "../support/solo.js";

const THREE = ["n1", "n2", "n3"];
const FIVE = [...THREE, "n4", "n5"];

/** Somebody who doesn't lead, and whom nobody has heard for a while. */
function lostIn(changing: Changing, ids: readonly string[]): TestNode {
  const lost = nodeOf(changing.cluster, ids.find((id) => id !== leaderIn(changing).id) ?? "");
  crash(lost);
  run(changing, 1000);
  return lost;
}

const listOf = (changing: Changing, list: "voters" | "learners"): readonly string[] =>
  (leaderIn(changing).raft.status.configuration?.[list] ?? []).map(
    ({ incarnation }) => incarnation,
  );

/** Until the leader's configuration is of this kind. */
function until(changing: Changing, isSo: (text: string) => boolean): TestNode {
  for (let ms = 0; ms < 2000; ms++) {
    const leader = leaderIn(changing);
    if (isSo(configurationAt(leader))) return leader;
    settle(changing);
    run(changing, 1);
  }
  throw new Error(`never; it is ${configurationAt(leaderIn(changing))}`);
}

/** The lost directory was taken out, and the new one is a learner, settled. */
const isLearning =
  ({ id }: TestNode) =>
  (text: string): boolean =>
    text.includes(`learners=${id}`) && !text.includes("outgoing");

/** The next introduction, or heartbeat, appends an entry that only these get. */
function interrupt(changing: Changing, lost: TestNode, reached: readonly string[]): TestNode {
  const leader = leaderIn(changing);
  for (const id of FIVE) {
    if (id !== leader.id && id !== lost.id && !reached.includes(id)) changing.cut.add(id);
  }
  const before = leader.raft.status.configurationIndex;
  if (!lost.alive) wipe(changing, lost);
  for (let ms = 0; ms < 250 && leader.raft.status.configurationIndex === before; ms++) {
    run(changing, 1);
  }
  run(changing, 1);
  return leader;
}

describe("goes on under the next leader, where it was interrupted", () => {
  test.each([
    ["when the lost directory is to leave, and that entry is lost", "leaving", 0],
    ["when the lost directory is to leave, and one more has that entry", "leaving", 1],
    ["when the new one is to vote, and that entry is lost", "voting", 0],
    ["when the new one is to vote, and one more has that entry", "voting", 1],
  ] as const)("%s", (_, step, others) => {
    const changing = membersOf(FIVE);
    const lost = lostIn(changing, FIVE);
    if (step === "voting") {
      wipe(changing, lost);
      until(changing, isLearning(lost));
    }
    const also = FIVE.filter((id) => id !== leaderIn(changing).id && id !== lost.id);
    const leader = interrupt(changing, lost, also.slice(0, others));
    const text = configurationAt(leader);
    expect(text).toContain(step === "leaving" ? `learners=${lost.id} outgoing` : "outgoing");
    expect(text.includes("learners=")).toBe(step === "leaving");
    crash(leader);
    changing.cut.clear();
    run(changing, 5000);
    expect(listOf(changing, "voters")).toContain(lost.incarnation);
    restart(leader);
    run(changing, 2000);
    expect(configurationAt(leaderIn(changing)).split(",").sort()).toEqual(FIVE);
    expect(works(changing, lost)).toBe(true);
  });

  test("when the new one is a learner", () => {
    const changing = membersOf(FIVE);
    const lost = lostIn(changing, FIVE);
    wipe(changing, lost);
    crash(until(changing, isLearning(lost)));
    run(changing, 5000);
    expect(listOf(changing, "voters")).toContain(lost.incarnation);
    expect(works(changing, lost)).toBe(true);
  });

  test("also when its node isn't told to rejoin any more: its place says so", () => {
    const changing = membersOf(FIVE);
    const lost = lostIn(changing, FIVE);
    wipe(changing, lost);
    const leader = until(changing, isLearning(lost));
    run(changing, 20);
    crash(lost);
    crash(leader);
    lost.options = {};
    run(changing, 1000);
    restart(lost);
    run(changing, 3000);
    expect(listOf(changing, "voters")).toContain(lost.incarnation);
  });
});

test("wiped again in the middle, it begins again: the third directory takes the second one's place", () => {
  const changing = membersOf(FIVE);
  const lost = lostIn(changing, FIVE);
  interrupt(changing, lost, []);
  changing.cut.clear();
  // It gets nothing of what it lacks.
  changing.cut.add(lost.id);
  run(changing, 500);
  const second = lost.incarnation;
  expect(listOf(changing, "learners")).toEqual([second]);
  crash(lost);
  run(changing, 1000);
  changing.cut.clear();
  wipe(changing, lost);
  run(changing, 3000);
  expect(lost.incarnation).not.toBe(second);
  expect(listOf(changing, "voters")).toContain(lost.incarnation);
  expect(works(changing, lost)).toBe(true);
});

test("wiped again in the middle, it begins again also where the entry that names it is lost", () => {
  const changing = membersOf(FIVE);
  const lost = lostIn(changing, FIVE);
  interrupt(changing, lost, []);
  changing.cut.clear();
  changing.cut.add(lost.id);
  run(changing, 500);
  crash(lost);
  run(changing, 1000);
  changing.cut.clear();
  const second = listOf(changing, "learners");
  // The third directory's entry reaches nobody but that itself, if it is sent there.
  const leader = interrupt(changing, lost, []);
  expect(leader.raft.status.configuration?.learners).toMatchObject([
    { incarnation: lost.incarnation },
  ]);
  crash(leader);
  changing.cut.clear();
  expect(listOf(changing, "learners")).toEqual(second);
  run(changing, 5000);
  expect(listOf(changing, "voters")).toContain(lost.incarnation);
  expect(works(changing, lost)).toBe(true);
});

test("an administrator who removes it in the middle removes it", () => {
  const changing = membersOf(FIVE);
  const lost = lostIn(changing, FIVE);
  wipe(changing, lost);
  until(changing, isLearning(lost));
  const rest = FIVE.filter((id) => id !== lost.id);
  run(changing, 1);
  expect(change(changing, leaderIn(changing), rest)).toMatchObject({ type: "accepted" });
  run(changing, 5000);
  expect(configurationAt(leaderIn(changing)).split(",").sort()).toEqual(rest);
  // Nor does a start with the same command bring it back.
  crash(lost);
  restart(lost);
  meet(changing.cluster, lost, leaderIn(changing));
  run(changing, 5000);
  expect(configurationAt(leaderIn(changing)).split(",").sort()).toEqual(rest);
  expect(lost.raft.status.leaderId).toBeNull();
});

test("a change of other members in the middle leaves it its place", () => {
  const changing = membersOf(FIVE);
  join(changing, "n6");
  const lost = lostIn(changing, FIVE);
  wipe(changing, lost);
  const leader = until(changing, isLearning(lost));
  const rest = FIVE.filter((id) => id !== lost.id);
  expect(change(changing, leader, rest, [lost.id, "n6"])).toMatchObject({ type: "accepted" });
  run(changing, 3000);
  expect(listOf(changing, "voters")).toContain(lost.incarnation);
  expect(listOf(changing, "learners")).toEqual([incarnationOf("n6")]);
});

test("whom no configuration names takes no place: a slip of the pen doesn't become a voter", () => {
  const changing = membersOf(THREE);
  const leader = leaderIn(changing);
  addNode(changing.cluster, "n7", { bootstrap: [], random: () => 0.5, options: { rejoin: true } });
  const slip = nodeOf(changing.cluster, "n7");
  meet(changing.cluster, slip, leader);
  run(changing, 3000);
  expect(leader.raft.status.configurationIndex).toBe(1);
  const told = changing.effects.flatMap(({ id, effect }) =>
    id === "n7" && effect.type === "introduced" ? [effect.verdict] : [],
  );
  expect(told.at(-1)).toBe("notMember");
  // It can be added, as any other node.
  expect(leader.raft.status.introductions).toMatchObject([{ id: "n7", rejoin: true }]);
  changeTo(changing, [...THREE, "n7"]);
  expect(works(changing, slip)).toBe(true);
});

test("who was removed isn't back by a command that still says rejoin, whatever its directory holds", () => {
  const changing = membersOf(FIVE);
  const out = nodeOf(changing.cluster, leaderIn(changing).id === "n5" ? "n4" : "n5");
  const rest = FIVE.filter((id) => id !== out.id);
  changeTo(changing, rest);
  for (const wiped of [false, true]) {
    crash(out);
    out.options = { rejoin: true };
    restart(out, wiped ? { wiped, bootstrap: [] } : {});
    meet(changing.cluster, out, leaderIn(changing));
    run(changing, 3000);
    expect(configurationAt(leaderIn(changing)).split(",").sort()).toEqual(rest);
  }
});

test("a voter whose command still says rejoin is the member that it was, and says that it ignores it", () => {
  const changing = membersOf(THREE);
  const node = nodeOf(changing.cluster, leaderIn(changing).id === "n1" ? "n2" : "n1");
  crash(node);
  node.options = { rejoin: true };
  restart(node);
  run(changing, 2000);
  expect(leaderIn(changing).raft.status.configurationIndex).toBe(1);
  const sentBy = changing.effects.filter(({ id }) => id === node.id);
  expect(sentBy).toContainEqual({
    id: node.id,
    effect: { type: "notice", notice: "rejoinIgnored", peer: null },
  });
  const introduced = sentBy.filter(
    ({ effect }) => effect.type === "send" && effect.message.type === "introduce",
  );
  expect(introduced).toEqual([]);
});

test("a directory that was given up doesn't take the place of the one that took its own", () => {
  const changing = membersOf(THREE);
  const first = nodeOf(changing.cluster, leaderIn(changing).id === "n1" ? "n2" : "n1");
  const { disk, incarnation } = first;
  crash(first);
  run(changing, 1000);
  wipe(changing, first);
  run(changing, 3000);
  const second = first.incarnation;
  expect(listOf(changing, "voters")).toContain(second);
  crash(first);
  run(changing, 1000);
  // The first one wasn't lost, and its command still says that it rejoins.
  Object.assign(first, { disk, incarnation, run: 1 });
  restart(first);
  meet(changing.cluster, first, leaderIn(changing));
  run(changing, 3000);
  expect(listOf(changing, "voters")).toContain(second);
});

/** n3 of n1's cluster is silent, and a node with an empty directory wants its place. */
function askForPlace(made: ReturnType<typeof readyLeader>, id: string, directory = 2): void {
  const fields = { address: `${id}.test:7000`, rejoin: "" };
  hear(made, id, "introduce", fields, { incarnation: incarnationOf(id, directory) });
}

function waitFor(made: ReturnType<typeof readyLeader>, ms: number, ids: readonly string[]): void {
  const end = made.cluster.now + ms;
  while (made.cluster.now < end) {
    timeout(made);
    for (const id of ids) acknowledge(made, id, made.node.raft.status.lastIndex);
  }
}

test("a learner that lost its directory isn't made a voter, nor one that nobody marked", () => {
  const made = readyLeader(3);
  ask(made, ["n1", "n2"], ["n3"]);
  persist(made);
  for (const id of ["n2", "n3"]) acknowledge(made, id, 3);
  persist(made);
  for (const id of ["n2", "n3"]) acknowledge(made, id, 4);
  waitFor(made, 1000, ["n2", "n3"]);
  waitFor(made, 1000, ["n2"]);
  askForPlace(made, "n3");
  expect(sent(made, "introduced").at(-1)?.verdict).toBe("idTaken");
  waitFor(made, 1000, ["n2", "n3"]);
  expect(made.node.raft.status.lastIndex).toBe(4);
});

test("a leader gives its own place to nobody, nor does another node that is asked by its id", () => {
  const made = readyLeader(3);
  waitFor(made, 1000, ["n2", "n3"]);
  askForPlace(made, "n1");
  expect(sent(made, "introduced").at(-1)?.verdict).toBe("stillThere");
  expect(made.node.raft.status.lastIndex).toBe(2);
});

test("a directory that was only cut off counts until it has left: the others may need it", () => {
  const made = readyLeader(4);
  waitFor(made, 1000, ["n2", "n3"]);
  askForPlace(made, "n4");
  persist(made);
  expect(configurationAt(made.node)).toBe("n1,n2,n3 learners=n4 outgoing=n1,n2,n3,n4 rejoining=n4");
  // n3 is gone: of the old four three are needed.
  acknowledge(made, "n2", 3);
  expect(made.node.raft.status.commitIndex).toBe(2);
  acknowledge(made, "n4", 3);
  expect(made.node.raft.status.commitIndex).toBe(3);
  expect(configurationAt(made.node)).toBe("n1,n2,n3 learners=n4 rejoining=n4");
  expect(made.node.raft.status.peers.find(({ id }) => id === "n4")).toMatchObject({
    matchIndex: 0,
  });
});

test("without a majority of the others it isn't begun: it couldn't be ended", () => {
  const made = readyLeader(2);
  // Before the heartbeat at which this leader notices that it has none.
  made.cluster.now += 300;
  askForPlace(made, "n2");
  endTurns(made.cluster);
  expect(configurationAt(made.node)).toBe("n1,n2");
});

test("what the configuration says of it goes with a snapshot, and over the wire", () => {
  const changing = membersOf(FIVE);
  const lost = lostIn(changing, FIVE);
  wipe(changing, lost);
  const leader = until(changing, isLearning(lost));
  const { configurationIndex, configuration } = leader.raft.status;
  expect(configuration?.rejoining).toEqual([lost.id]);
  run(changing, 20);
  expect(leader.raft.snapshotPositionAt(configurationIndex)?.configuration).toEqual(configuration);
  expect(lost.raft.status.configuration).toEqual(configuration);
});

test("a new leader doesn't take the dead voter whose node rejoins for a living one", () => {
  const changing = membersOf(THREE);
  const leader = leaderIn(changing);
  const [lost = "", other = ""] = THREE.filter((id) => id !== leader.id);
  crash(nodeOf(changing.cluster, lost));
  run(changing, 1000);
  const node = nodeOf(changing.cluster, lost);
  node.options = { rejoin: true };
  restart(node, { wiped: true, bootstrap: [] });
  step(changing.cluster, leaderIn(changing), { type: "transferLeadership", id: 1, target: other });
  settle(changing);
  meet(changing.cluster, node, leaderIn(changing));
  run(changing, 200);
  const told = changing.effects.flatMap(({ effect }) =>
    effect.type === "notice" ? [effect.notice] : [],
  );
  expect(told).not.toContain("twoDirectories");
});
