// The timeline: what has happened between two pictures, each thing once.
import { expect, test } from "vitest";
import { happeningsBetween } from "../src/happenings.js";
import type { DashboardView, NodeView, ProcessView, RaftView } from "../src/view.js";

const raft: RaftView = {
  role: "follower",
  term: 3,
  leaderId: null,
  lastIndex: 9,
  durableIndex: 9,
  commitIndex: 9,
  lastApplied: 9,
  baseIndex: 0,
  snapshot: null,
  configuration: { voters: ["n1", "n2"], learners: [], outgoing: [] },
  configurationIndex: 1,
  configurationCommitted: true,
  peers: [],
  log: [],
  figures: {
    messages: { received: 0, sent: 0 },
    commit: { bounds: [], counts: [] },
    sync: { bounds: [], counts: [] },
  },
};
const running: ProcessView = { state: "running", pid: 7, reason: null, diskDelayMs: 0 };

function node(id: string, change: Partial<RaftView> = {}, process = running): NodeView {
  const answers = process.state === "running";
  return { id, process, http: null, answers, raft: { ...raft, ...change } };
}

function view(nodes: readonly NodeView[], cuts: [string, string][] = []): DashboardView {
  return { cluster: { cuts, underWay: null, load: null, chaos: null }, nodes };
}

function told(before: DashboardView, after: DashboardView): string[] {
  return happeningsBetween(before, after, 0).map(
    ({ kind, node: id, text }) => `${kind}: ${id === null ? "" : `${id} `}${text}`,
  );
}

const calm = view([node("n1", { role: "leader" }), node("n2")]);

test("nothing, where nothing has changed", () => {
  expect(told(calm, calm)).toEqual([]);
});

test("a leader that is killed, the election, and the next leader", () => {
  const killed: ProcessView = { ...running, state: "killed", pid: null };
  const down = node("n1", { role: "leader" }, killed);
  const asking = view([down, node("n2", { role: "preCandidate" })]);
  expect(told(calm, asking)).toEqual([
    "fault: n1 is down, as requested",
    "election: n2 asks who would vote for it, after term 3",
  ]);
  expect(told(asking, asking)).toEqual([]);
  const election = view([down, node("n2", { role: "candidate", term: 4 })]);
  expect(told(asking, election)).toEqual(["election: n2 wants to be elected, in term 4"]);
  const elected = view([down, node("n2", { role: "leader", term: 4 })]);
  expect(told(election, elected)).toEqual(["leader: n2 leads in term 4"]);
  expect(told(elected, view([node("n1", { term: 4 }), ...elected.nodes.slice(1)]))).toEqual([
    "process: n1 is running",
  ]);
});

test("a process that ends by itself says why, and one that is gone is said to be", () => {
  const ended: ProcessView = { ...running, state: "ended", pid: null, reason: "the disk is full" };
  const broken = view([node("n1", { role: "leader" }), node("n2", {}, ended)]);
  expect(told(calm, broken)).toEqual(["fault: n2 ended by itself: the disk is full"]);
  expect(told(broken, view(broken.nodes.slice(0, 1)))).toEqual(["process: n2 is gone"]);
});

test("a disk that is slowed, and is no longer", () => {
  const slow = view([
    calm.nodes[0] ?? node("n1"),
    node("n2", {}, { ...running, diskDelayMs: 300 }),
  ]);
  expect(told(calm, slow)).toEqual(["fault: n2 has a slow disk: 300 ms more for each write"]);
  expect(told(slow, calm)).toEqual(["process: n2 has a disk as fast as before"]);
});

test("links, snapshots and members", () => {
  expect(told(calm, view(calm.nodes, [["n1", "n2"]]))).toEqual(["fault: cut: n1 – n2"]);
  expect(told(view(calm.nodes, [["n1", "n2"]]), calm)).toEqual(["process: healed: n1 – n2"]);
  const configuration = { voters: ["n1", "n2"], learners: ["n3"], outgoing: [] };
  const after = view([
    node("n1", { role: "leader", configuration, configurationIndex: 10 }),
    node("n2", { snapshot: { index: 8, bytes: 100 } }),
  ]);
  expect(told(calm, after)).toEqual([
    "members: n1, n2 vote; n3 without a vote",
    "snapshot: n2 has a snapshot of everything up to 8",
  ]);
});
