// Carries out what core asks a node for: it sends, writes and applies, and notes what is worth
// showing.
import type { Effect, EntryRun, Input, NodeId } from "@raftkit/core";
import { EntryKind } from "@raftkit/core";
import { write } from "./disk.js";
import { applyToCopy, entriesOf } from "./log-copy.js";
import { transmit } from "./network.js";
import {
  installSnapshot,
  machineOf,
  readPart,
  takeIfDue,
  takeSnapshot,
  writePart,
} from "./snapshots.js";
import type { Flight, SimulatedNode, World } from "./world.js";
import { note } from "./world.js";

type EffectOf<Type extends Effect["type"]> = Extract<Effect, { readonly type: Type }>;

/** The ways back to a node. */
interface Ways {
  /** In the same turn. */
  readonly now: (input: Input) => void;
  /** In a turn of its own. */
  readonly later: (input: Input) => void;
  /** A message has arrived at another node. */
  readonly receive: (node: SimulatedNode, flight: Flight) => void;
}

export function perform(
  world: World,
  node: SimulatedNode,
  effect: Exclude<Effect, EffectOf<"failed">>,
  { now, later, receive }: Ways,
): void {
  switch (effect.type) {
    case "send":
      transmit(world, node, effect.to, effect.message, receive);
      break;
    case "persist":
      for (const operation of effect.operations) applyToCopy(node.log, operation);
      write(world, node, effect.seq, effect.operations, (seq) => later({ type: "persisted", seq }));
      break;
    case "apply":
      for (const run of effect.entries) applyRun(node, run);
      now({ type: "applied", index: node.lastApplied });
      takeIfDue(world, node, later);
      break;
    case "restore":
      restore(node, effect);
      now({ type: "applied", index: node.lastApplied });
      break;
    case "takeSnapshot":
      takeSnapshot(world, node, later);
      break;
    case "readSnapshot":
      readPart(world, node, effect, later);
      break;
    case "writeSnapshot":
      writePart(world, node, effect, later);
      break;
    case "commitSnapshot":
      installSnapshot(world, node, effect, later);
      break;
    case "abortSnapshot":
      node.receiving = undefined;
      break;
    case "role":
      changeRole(world, node, effect);
      break;
    case "configure":
    case "releaseSnapshot":
    case "readReady":
    case "readRejected":
    case "introduced":
    case "dropped":
    case "diverged":
      break;
    default:
      noteNews(world, node, effect);
  }
}

type News = Extract<
  Effect,
  {
    readonly type:
      | "accepted"
      | "rejected"
      | "unknown"
      | "committed"
      | "voteRefused"
      | "membership"
      | "membershipVerdict"
      | "transferred"
      | "transferRejected"
      | "removed"
      | "notice";
  }
>;

function noteNews(world: World, { id }: SimulatedNode, news: News): void {
  switch (news.type) {
    case "accepted":
      note(world, "client", id, `has the request in the log at index ${news.firstIndex}`);
      break;
    case "rejected":
      note(world, "client", id, `refuses the request: ${REJECTIONS[news.reason]}`);
      break;
    case "unknown":
      note(world, "client", id, "can't say what became of a request that it passed on");
      break;
    case "committed":
      note(
        world,
        "commit",
        id,
        `knows that everything up to index ${news.commitIndex} is committed`,
      );
      break;
    case "voteRefused":
      note(
        world,
        "vote",
        id,
        `refuses ${news.from.id} ${voteText(news)}: ${REFUSALS[news.reason]}`,
      );
      break;
    case "membership":
      if (news.index > 1) note(world, "members", id, `goes by the members of entry ${news.index}`);
      break;
    case "membershipVerdict":
      if (news.verdict.type === "accepted") break;
      note(
        world,
        "members",
        id,
        `refuses the change of members: ${verdictText(news.verdict.type)}`,
      );
      break;
    case "transferred":
      note(world, "members", id, `has handed its leadership on to ${news.leaderId}`);
      break;
    case "transferRejected":
      note(world, "members", id, "keeps its leadership: the transfer came to nothing");
      break;
    case "removed":
      note(world, "members", id, "learns that it is no member any more");
      break;
    case "notice":
      if (news.notice === "logFull") {
        note(world, "client", id, "refuses commands: its log is full until a snapshot makes room");
      }
      break;
  }
}

const REJECTIONS: Readonly<Record<EffectOf<"rejected">["reason"], string>> = {
  noLeader: "it knows no leader",
  overloaded: "too much is uncommitted",
  logFull: "the log is full",
  diskFull: "the disk is full",
  transferring: "it is handing its leadership on",
  notSent: "it could not be sent",
};

const REFUSALS: Readonly<Record<EffectOf<"voteRefused">["reason"], string>> = {
  staleTerm: "that term is over",
  leaderLive: "it has just heard from a leader, or started",
  alreadyVoted: "it has voted for another candidate in this term",
  electing: "its own election is running",
  logBehind: "the candidate's log is behind its own",
};

function voteText({ request, term }: EffectOf<"voteRefused">): string {
  return request === "preVote" ? `a pre-vote for term ${term}` : `its vote in term ${term}`;
}

function verdictText(type: string): string {
  switch (type) {
    case "notReady":
      return "the leader has committed nothing in its term yet";
    case "inProgress":
      return "another change is under way";
    case "notCaughtUp":
      return "a voter must be a learner first, and catch up with the log";
    case "unknownServer":
      return "the leader hasn't heard of that node";
    case "unreachable":
      return "a majority of the new members doesn't answer";
    default:
      return type;
  }
}

function applyRun(node: SimulatedNode, run: EntryRun): void {
  for (const { index, kind, text } of entriesOf(run)) {
    node.lastApplied = index;
    if (kind !== EntryKind.command) continue;
    const [variable = "", value = ""] = text.split("=");
    node.machine = { ...node.machine, [variable]: value };
  }
}

function restore(node: SimulatedNode, { snapshot }: EffectOf<"restore">): void {
  const stored = node.readable.get(snapshot.snapshotId);
  if (stored) node.machine = machineOf(stored);
  node.lastApplied = snapshot.index;
}

function changeRole(world: World, node: SimulatedNode, effect: EffectOf<"role">): void {
  const { role, term, leaderId } = effect;
  // A candidate of the term that it was in only asks: a real one has raised it.
  node.isPreCandidate = role === "candidate" && term === node.term;
  node.term = term;
  node.votes.clear();
  if (role === "candidate") node.votes.add(node.id);
  note(world, "role", node.id, roleText(role, term, leaderId, node));
}

function roleText(
  role: EffectOf<"role">["role"],
  term: number,
  leaderId: NodeId | null,
  { isPreCandidate }: SimulatedNode,
): string {
  if (role === "leader") return `leads in term ${term}`;
  if (role === "candidate") {
    return isPreCandidate
      ? `hears no leader and asks whether it would be elected for term ${term + 1}`
      : `is a candidate in term ${term} and votes for itself`;
  }
  return leaderId === null
    ? `is a follower in term ${term} and knows no leader`
    : `follows ${leaderId} in term ${term}`;
}
