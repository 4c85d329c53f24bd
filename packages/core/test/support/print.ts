// How effects, messages and logs look in golden files: stable, one line each, with the names of
// the paper's Figure 2.
import type {
  AppendEntriesReply,
  Configuration,
  Effect,
  EntryRun,
  LogOperation,
  Member,
  MembershipVerdict,
  Message,
  NodeId,
  RaftStatus,
  Sender,
  Term,
} from "@raftkit/core";
import { readEntries } from "@raftkit/core";

/** `1x3,2`: three entries of term 1, then one of term 2. */
export function printTerms(terms: readonly Term[]): string {
  const groups: { term: Term; count: number }[] = [];
  for (const term of terms) {
    const last = groups.at(-1);
    if (last?.term === term) last.count++;
    else groups.push({ term, count: 1 });
  }
  return groups.map(({ term, count }) => (count === 1 ? `${term}` : `${term}x${count}`)).join(",");
}

export function termsOf(runs: readonly EntryRun[]): Term[] {
  return runs.flatMap((run) => [...readEntries(run)].map(({ term }) => term));
}

function range(first: number, count: number): string {
  return `${first}..${first + count - 1}`;
}

/** Where the entries stand; their terms, where they aren't all the one that is expected. */
function printEntries(runs: readonly EntryRun[], expected?: Term): string {
  const [first] = runs;
  if (!first) return "";
  const terms = termsOf(runs);
  return `${range(first.firstIndex, terms.length)}${terms.every((term) => term === expected) ? "" : ` terms=${printTerms(terms)}`}`;
}

function printReply(m: AppendEntriesReply): string {
  const needed = m.neededSnapshot > 0 ? ` neededSnapshot=${m.neededSnapshot}` : "";
  const promised = m.promised ? " promised" : "";
  const base = `term=${m.term} ${m.success ? "success" : "refused"} round=${m.round} match=${m.matchIndex} verified=${m.verifiedIndex}${needed}${promised}`;
  return m.success
    ? base
    : `${base} prev=${m.prevLogIndex} conflict=${m.conflictIndex}/${m.conflictTerm}`;
}

function printFields(m: Message): string {
  switch (m.type) {
    case "preVote":
      return `term=${m.term} last=${m.lastLogIndex}/${m.lastLogTerm} configuration=${m.configurationIndex}`;
    case "requestVote":
      return `term=${m.term} last=${m.lastLogIndex}/${m.lastLogTerm} configuration=${m.configurationIndex}${m.transfer ? " transfer" : ""}`;
    case "removed":
      return `term=${m.term} configuration=${m.configurationIndex}`;
    case "introduce":
      return `address=${m.address}${m.rejoin ? " rejoin" : ""} instance=${m.clusterInstance || "none"}`;
    case "introduced":
      return `${m.verdict} leader=${m.leader?.id ?? "none"} instance=${m.clusterInstance}`;
    case "changeMembership":
      return `term=${m.term} id=${m.id} expected=${m.expected} voters=${m.voters.join()} learners=${m.learners.join() || "none"}`;
    case "changeMembershipReply":
      return `term=${m.term} run=${m.run} id=${m.id} ${printVerdict(m.verdict)}`;
    case "preVoteReply":
    case "requestVoteReply":
      return `term=${m.term} ${m.voteGranted ? "granted" : "refused"}`;
    case "appendEntries":
      return `term=${m.term} prev=${m.prevLogIndex}/${m.prevLogTerm} commit=${m.leaderCommit} round=${m.round} match=${m.matchIndex}${m.leaseMs > 0 ? ` lease=${m.leaseMs}` : ""}${m.entries.length > 0 ? ` entries=${printEntries(m.entries, m.term)}` : ""}`;
    case "appendEntriesReply":
      return printReply(m);
    case "installSnapshot":
      return `term=${m.term} attempt=${m.attempt} lastIncluded=${m.lastIncludedIndex}/${m.lastIncludedTerm} configuration=${m.configurationIndex} bytes=${m.bytes} offset=${m.offset} data=${m.data.length}`;
    case "installSnapshotReply":
      return `term=${m.term} attempt=${m.attempt} offset=${m.offset} ${m.outcome}`;
    case "forward":
      return `term=${m.term} seq=${range(m.firstSeq, m.entries.count)}`;
    case "forwardReply":
      return `term=${m.term} run=${m.run} seq=${range(m.firstSeq, m.count)} ${m.verdict === "accepted" ? `accepted=${range(m.firstIndex, m.count)} entryTerm=${m.entryTerm}` : m.verdict}`;
    case "readIndex":
      return `term=${m.term} id=${m.id}${m.byLease ? " byLease" : ""}`;
    case "readIndexReply":
      return `term=${m.term} run=${m.run} id=${m.id} ${m.success ? `readIndex=${m.readIndex}` : "refused"}`;
    case "bootstrapRequest":
      return `voters=${m.voters.map(({ id }) => id).join()}`;
    case "stateHash":
      return `term=${m.term} index=${m.index} hash=${m.hash}${m.answer ? " answer" : ""}`;
    case "timeoutNow":
      return `term=${m.term} round=${m.round}`;
    case "transferLeadership":
      return `term=${m.term} id=${m.id} target=${m.target ?? "any"}`;
    case "transferLeadershipReply":
      return `term=${m.term} run=${m.run} id=${m.id} ${m.verdict}`;
    case "bootstrapReply":
      return `run=${m.run} ${m.blank ? "blank" : "bootstrapped"} ${m.agrees ? "agrees" : "disagrees"}`;
  }
}

export function printMessage(from: NodeId, to: NodeId, message: Message): string {
  return `${from} → ${to} ${message.type} ${printFields(message)}`;
}

function printOperation(operation: LogOperation): string {
  switch (operation.type) {
    case "hardState":
      return `term=${operation.hardState.currentTerm} vote=${operation.hardState.votedFor?.id ?? "none"}`;
    case "append":
      return `append ${printEntries([operation.run])}`;
    case "truncateFrom":
      return `truncateFrom ${operation.index}`;
    default:
      return `${operation.type} ${operation.index}/${operation.term}`;
  }
}

function printSender({ id, run }: Sender): string {
  return run === 1 ? id : `${id} run=${run}`;
}

export function printEffect(id: NodeId, effect: Effect): string {
  switch (effect.type) {
    case "send":
      return printMessage(id, effect.to, effect.message);
    case "persist":
      return `${id} persist #${effect.seq}: ${effect.operations.map(printOperation).join("; ")}`;
    case "apply":
      return `${id} apply ${printEntries(effect.entries)}`;
    case "restore":
      return `${id} restore ${effect.snapshot.index}/${effect.snapshot.term}`;
    case "takeSnapshot":
      return `${id} takeSnapshot`;
    case "readSnapshot":
      return `${id} readSnapshot for ${effect.peer} attempt=${effect.attempt} ${effect.snapshotId} offset=${effect.offset} max=${effect.maxBytes}`;
    case "releaseSnapshot":
      return `${id} releaseSnapshot for ${effect.peer}`;
    case "writeSnapshot":
      return `${id} writeSnapshot #${effect.install} ${effect.position.index}/${effect.position.term} offset=${effect.offset} data=${effect.data.length}`;
    case "commitSnapshot":
      return `${id} commitSnapshot #${effect.install} ${effect.position.index}/${effect.position.term} bytes=${effect.bytes}`;
    case "abortSnapshot":
      return `${id} abortSnapshot #${effect.install}`;
    case "configure":
      return `${id} configure ${effect.peers.map((peer) => peer.id).join() || "nobody"}`;
    case "dropped":
      return `${id} dropped a message of ${printSender(effect.from)}: ${effect.reason}${effect.disconnect ? ", disconnect" : ""}`;
    case "accepted":
      return `${id} accepted ${range(effect.firstSeq, effect.count)} at ${range(effect.firstIndex, effect.count)} term=${effect.term}`;
    case "rejected":
      return `${id} rejected ${range(effect.firstSeq, effect.count)}: ${effect.reason}`;
    case "unknown":
      return `${id} unknown ${range(effect.firstSeq, effect.count)}`;
    case "readReady":
      return `${id} readReady ${effect.id} at ${effect.index}`;
    case "readRejected":
      return `${id} readRejected ${effect.id}`;
    case "transferred":
      return `${id} transferred ${effect.id} to ${effect.leaderId} term=${effect.term}`;
    case "transferRejected":
      return `${id} transferRejected ${effect.id}: ${effect.reason}`;
    case "role":
      return `${id} is ${effect.role} term=${effect.term} leader=${effect.leaderId ?? "none"}${effect.noopIndex === null ? "" : ` noop=${effect.noopIndex}`}`;
    case "committed":
      return `${id} committed ${effect.commitIndex}`;
    case "membership":
      return `${id} membership ${printConfiguration(effect.configuration)}`;
    case "removed":
      return `${id} removed configuration=${effect.configurationIndex} by=${effect.by}`;
    case "introduced":
      return `${id} introduced ${effect.verdict} by=${effect.by} leader=${effect.leaderId ?? "none"}`;
    case "membershipVerdict":
      return `${id} membershipVerdict id=${effect.id} ${printVerdict(effect.verdict)}`;
    case "notice":
      return `${id} notice ${effect.notice}${effect.peer === null ? "" : ` ${effect.peer}`}`;
    case "voteRefused":
      return `${id} voteRefused ${effect.from.id} ${effect.request} term=${effect.term}: ${effect.reason}`;
    case "diverged":
      return `${id} diverged from ${effect.peer} at ${effect.index}: ${effect.ownHash} is not ${effect.peerHash}`;
    case "failed":
      return `${id} failed ${effect.error.code}: ${effect.error.message}`;
  }
}

export function printStatus(id: NodeId, s: RaftStatus): string {
  const peers = s.peers
    .map((peer) => ` ${peer.id}:match=${peer.matchIndex},next=${peer.nextIndex}`)
    .join("");
  return `${id} ${s.role} term=${s.currentTerm} vote=${s.votedFor?.id ?? "none"} leader=${s.leaderId ?? "none"} last=${s.lastIndex} durable=${s.durableIndex} commit=${s.commitIndex} applied=${s.lastApplied}${peers}`;
}

/** `n1,n2 learners=n4 outgoing=n1,n3 rejoining=n4`; lists that are empty are left out. */
export function printConfiguration({
  voters,
  learners,
  outgoing,
  rejoining,
}: Configuration): string {
  const ids = (servers: readonly Member[]): string => servers.map(({ id }) => id).join();
  const more = [
    learners.length > 0 ? ` learners=${ids(learners)}` : "",
    outgoing.length > 0 ? ` outgoing=${ids(outgoing)}` : "",
    rejoining ? ` rejoining=${rejoining.join()}` : "",
  ];
  return `${ids(voters)}${more.join("")}`;
}

function printVerdict({
  type,
  ...fields
}: MembershipVerdict | { readonly type: "unknown" }): string {
  return [type, ...Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`)].join(
    " ",
  );
}
