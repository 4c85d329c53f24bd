// The lines of a node's log, for operators: they say what happened, to what, and what to do.
import type {
  Clock,
  DropReason,
  Effect,
  NodeId,
  Notice,
  Peer,
  RaftkitError,
  RaftStatus,
  Sender,
  SnapshotMeta,
  VoteRefusal,
} from "@raftkit/core";
import type { Logger, NodeOptions } from "./api.js";
import { differingAddresses, differingIds } from "./bootstrap-differences.js";
import { LeaderWatch } from "./leader-watch.js";
import { messageOf } from "./errors.js";
import type { OwnMembership } from "./own-membership.js";
import { RateLimit } from "./rate-limit.js";
import { StartWatch } from "./start-watch.js";

const NOTICES: Readonly<Record<Notice, string>> = {
  bootstrapDisagrees:
    "this peer was started with another list of initial voters; the cluster can't be bootstrapped until the lists are the same",
  alreadyFormed:
    "this peer already holds a log, so the cluster was bootstrapped before; if this node's data directory was lost, bring it back",
  peerRolledBack:
    "this peer lacks entries that it acknowledged: an older copy of its data directory was restored, or its disk lost what it had stored; it gets no entries from this leader, and must be kept stopped unless its original directory can be restored",
  installOutrun:
    "the log has reached half of its bound (maxLogBytes) while this peer is sent a snapshot, so the entries after that snapshot are gone and it will need a newer one; if this happens repeatedly, raise maxLogBytes, or use a faster link or disk",
  snapshotMissing:
    "the log begins after a snapshot that is lost or damaged; this node votes and stores entries, but applies nothing and doesn't campaign until the leader has sent it one",
  logFull:
    "the log of this leader has reached its limit (maxLogBytes): proposals that don't fit are refused until the next snapshot makes room (option storage.snapshots; without it all entries stay). If that takes long, look for a failed snapshot in this log; or raise maxLogBytes on every node, and give the processes the memory for it",
  logHasRoom: "the log has room again for what it refused",
  diskFull:
    "the disk has room only for the log's reserve: as a leader this node refuses proposals, and reads continue; as a follower it continues until the reserve is used up, and then stops. Free space; this node checks for it regularly, and needs no restart",
  diskHangs:
    "this leader's disk hasn't completed a write for longer than the longest election timeout, and a majority has stored more: it stops leading. Check the disk",
  diskFailed: "this leader's disk has failed: it stops leading",
  transferring: "this leader transfers its leadership",
  transferCalledOff:
    "this leader tried to transfer its leadership, but the other node hasn't taken over within the longest election timeout; this one continues to lead",
  diskHasRoom: "the disk has room again: this node accepts proposals",
  twoDirectories:
    "two processes with this id and different data directories are running: perhaps both have the same address, or an old process was left behind; stop the wrong one",
  bootstrapIgnored:
    "the list of initial voters differs from the configuration in the log; the log's is in force",
  rejoinIgnored:
    "cluster.rejoin is ignored, since the data directory isn't empty: it holds what this node has stored as a member. If it is a member still, it needs nothing; if it was removed, add it with changeMembership on a member",
};

const DROPPED: Readonly<Record<DropReason | "malformed", string>> = {
  addressee:
    "they are addressed to another data directory than this node's; was this node's directory replaced, or is there another node with its id?",
  staleRun:
    "they come from an earlier run of it; is it running twice, or was an old copy of its data directory restored?",
  notMember:
    "its data directory isn't the one that the cluster's configuration names; was the directory replaced, or is there another node with its id?",
  impossible: "they contain what no correct node can send; is it damaged, or not a raftkit node?",
  malformed:
    "they can't be read; does it run another version of raftkit, or another codec under the same name?",
};

const REFUSED: Readonly<Record<VoteRefusal, string>> = {
  staleTerm: "that term is over",
  leaderLive: "the leader is live",
  alreadyVoted: "this node voted for another in this term",
  electing: "this node runs an election itself",
  logBehind: "its log isn't as up to date as this node's",
};

function missingText(missing: readonly NodeId[]): string {
  return missing.length > 0
    ? `the cluster isn't bootstrapped: its first start needs every initial voter, and ${missing.join(", ")} didn't answer here; start those that aren't running, and check the addresses and the list of initial voters. The voter with the smallest id, which asks the others, knows best`
    : "the cluster isn't bootstrapped: its first start needs every initial voter; the voter with the smallest id, which asks the others, names those that are missing";
}

type Cluster = NodeOptions<never, never, never, never>["cluster"];

/** What is read of the node for it. */
interface Watched {
  readonly status: RaftStatus;
}

export class OperatorLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #limited: RateLimit;
  readonly leaderWatch: LeaderWatch;
  #start: StartWatch | undefined;
  #own: OwnMembership | undefined;
  /** The option; nobody asks for it before the start. */
  #initial: readonly Peer[] = [];
  /** As the log has them; empty until a configuration is known. */
  #voters: readonly Peer[] = [];

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
    this.#limited = new RateLimit(logger, clock);
    this.leaderWatch = new LeaderWatch(clock, (silent, message) =>
      this.#warn("noLeader", "", { silent }, message),
    );
  }

  started(
    self: Sender,
    { id: clusterId, bootstrap, join }: Cluster,
    raft: Watched,
    own: OwnMembership,
  ): void {
    this.#logger.info({ ...self, clusterId }, "node started");
    this.#initial = bootstrap ?? [];
    this.#own = own;
    const obstacle = (): { fields: object; message: string } | null => {
      if (join) return own.outside === null ? null : { fields: { join }, message: own.outside };
      const { bootstrap: waits } = raft.status;
      return waits && { fields: { missing: waits.missing }, message: missingText(waits.missing) };
    };
    this.#start = new StartWatch(obstacle, this.#logger, this.#clock);
  }

  membership(effect: Extract<Effect, { type: "membership" }>): void {
    const { configuration, index } = effect;
    const { voters, learners, outgoing } = configuration;
    const names = (servers: readonly Peer[]): string => servers.map(({ id }) => id).join(", ");
    if (this.#start?.isWaiting === true && this.#initial.length > 0) {
      this.#logger.info(
        { voters: voters.map(({ id }) => id) },
        `the cluster is bootstrapped: ${names(voters)}`,
      );
    }
    if (this.#initial.length > 0) this.#start?.stop();
    if (this.#voters.length === 0) this.#compareAddresses(voters);
    else {
      const others = learners.length === 0 ? "" : `; learners ${names(learners)}`;
      const before =
        outgoing.length === 0 ? "" : `; also needed is a majority of ${names(outgoing)}`;
      this.#logger.info(
        { index, voters, learners, outgoing },
        `the configuration at index ${index} is in force: voters ${names(voters)}${others}${before}`,
      );
    }
    this.#voters = voters;
    this.leaderWatch.voters(voters);
  }

  /** Why there is no leader, as the end of a sentence; or "". */
  get silentText(): string {
    const outside = this.#own?.outside ?? null;
    return outside === null ? this.leaderWatch.silentText : `; ${outside}`;
  }

  /** Core reports only what is new. */
  introduced({ by, verdict, leaderId }: Extract<Effect, { type: "introduced" }>): void {
    const level = verdict === "waiting" || verdict === "member" ? "info" : "warn";
    this.#logger[level](
      { by, verdict, leaderId },
      `this node introduced itself to ${by}: ${this.#own?.textOf(verdict) ?? verdict}`,
    );
  }

  removed({ configurationIndex, by }: Extract<Effect, { type: "removed" }>): void {
    this.#logger.warn({ configurationIndex, by }, this.#own?.outside ?? `${by} removed this node`);
  }

  /** Peers are dialled, and found, at the log's addresses alone. */
  #compareAddresses(voters: readonly Peer[]): void {
    const differing = differingAddresses(this.#initial, voters);
    if (differing.length === 0) return;
    const each = differing.map(
      ({ id, given, inLog }) => `${id} (now ${given}, in the log ${inLog})`,
    );
    this.#logger.warn(
      { differing },
      `cluster.bootstrap gives different addresses from the log's configuration, which is in force: ${each.join(", ")}. A node that has moved reports its new address itself, once it is started with it and reaches one of the others`,
    );
  }

  role({ role, term, leaderId }: Extract<Effect, { type: "role" }>): void {
    this.leaderWatch.role(leaderId);
    this.#logger.info({ role, term, leaderId }, `${role} in term ${term}`);
  }

  notice({ notice, peer }: Extract<Effect, { type: "notice" }>): void {
    if (notice === "bootstrapIgnored") {
      const what = differingIds(this.#initial, this.#voters);
      this.#logger.warn({ what }, `${NOTICES[notice]}; ${what}`);
    } else if (notice === "diskHangs" || notice === "diskFailed") {
      const who = peer === null ? "" : `; ${peer} is asked to lead`;
      this.#logger.warn({ peer }, `${NOTICES[notice]}${who}`);
    } else if (notice === "rejoinIgnored") {
      this.#logger.info({}, NOTICES[notice]);
    } else if (notice === "transferring") {
      this.#logger.info({ peer }, `${NOTICES[notice]} to ${peer ?? ""}`);
    } else this.#warn(notice, peer ?? "", { peer }, NOTICES[notice]);
  }

  voteRefused({ from, request, term, reason }: Extract<Effect, { type: "voteRefused" }>): void {
    const what = request === "preVote" ? "pre-vote" : "vote";
    this.#limited.write({
      level: "debug",
      kind: "voteRefused",
      subject: `${from.id} ${what} ${reason}`,
      fields: { from, term, reason },
      message: `${from.id} gets no ${what} for term ${term}: ${REFUSED[reason]}`,
    });
  }

  /** @returns the reason in words, for the peer too */
  dropped(from: Sender, reason: DropReason | "malformed", disconnect: boolean): string {
    this.#warn(
      `dropped ${reason}`,
      `${from.id} ${from.incarnation}`,
      { from, reason },
      `messages of ${from.id} are dropped: ${DROPPED[reason]}${disconnect ? " It is disconnected." : ""}`,
    );
    return DROPPED[reason];
  }

  /** The transport turned somebody away, or was turned away. */
  rejected(error: RaftkitError): void {
    this.#warn("rejected", `${error.code} ${error.message}`, { err: error }, error.message);
  }

  diverged(effect: Extract<Effect, { type: "diverged" }>): void {
    const { peer, index, ownHash, peerHash } = effect;
    this.#limited.write({
      level: "error",
      kind: "diverged",
      subject: peer,
      fields: { peer, index, ownHash, peerHash },
      message: `the state machine's state differs from that of ${peer} at index ${index}: one of them runs different code from when the commands were first applied, or apply isn't deterministic. The nodes continue, and may answer differently; compare their versions, and restart the wrong one with the right code`,
    });
  }

  listenerFailed(event: string, error: unknown): void {
    this.#limited.write({
      level: "error",
      kind: "listenerFailed",
      subject: event,
      fields: { err: error, event },
      message: `a listener of "${event}" threw: ${messageOf(error)}`,
    });
  }

  hashFailed(error: unknown): void {
    this.#warn(
      "hashFailed",
      "",
      { err: error },
      `the state machine's hash() failed, so its state isn't compared with other nodes': ${messageOf(error)}`,
    );
  }

  snapshot({ index, bytes }: SnapshotMeta, origin: "own" | "leader"): void {
    const what = origin === "own" ? "saved a snapshot" : "installed the leader's snapshot";
    this.#logger.info({ index, bytes, origin }, `${what} at index ${index}, ${bytes} bytes`);
  }

  snapshotFailed(
    what: "taking" | "sending" | "receiving",
    error: unknown,
    retryMs: number | undefined,
  ): void {
    const again = retryMs === undefined ? "it is retried" : `it is retried in ${retryMs} ms`;
    this.#warn(
      "snapshotFailed",
      what,
      { err: error },
      `${what} a snapshot failed: ${messageOf(error)}; the log keeps its entries, and ${again}`,
    );
  }

  stalled(ms: number): void {
    this.#warn(
      "stalled",
      "",
      { ms },
      `the event loop was blocked for ${Math.round(ms)} ms: this node received and sent nothing meanwhile, and the others may have elected another leader. Long computations, a busy machine or a stopped process cause this`,
    );
  }

  notHandedOver(error: unknown): void {
    this.#logger.warn(
      { err: error },
      `this node closes as the leader, and the others have to elect one: ${messageOf(error)}`,
    );
  }

  failed(error: RaftkitError): void {
    this.#logger.error({ err: error }, error.message);
  }

  stop(): void {
    this.#start?.stop();
    this.leaderWatch.stop();
  }

  #warn(kind: string, subject: string, fields: object, message: string): void {
    this.#limited.write({ level: "warn", kind, subject, fields, message });
  }
}
