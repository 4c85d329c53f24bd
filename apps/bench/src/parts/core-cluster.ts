// Cores of one cluster in one process, driven by hand: messages are handed over at once, disks and
// state machines are done at once. What remains is Raft itself.
import { decodeMessage, messageHeader, messagePayload, Raft } from "@raftkit/core";
import type { Effect, Input, Message, NodeId, Peer, Sender } from "@raftkit/core";

const INCARNATION = "-bench-directory";
/** How often a commit may wait for a timer. */
const WAITS_MAX = 10;
/** The log is compacted when it has grown by so much: its memory would else be measured. */
const COMPACT_AFTER_ENTRIES = 100_000;

interface Core {
  readonly sender: Sender;
  readonly raft: Raft;
  applied: number;
  /** Milliseconds in its `step`, while `timesSteps`. */
  stepMs: number;
}

export class CoreCluster {
  readonly #cores: readonly Core[];
  readonly #byId: ReadonlyMap<NodeId, Core>;
  #work: { readonly core: Core; readonly input: Input }[] = [];
  #now = 0;
  #nextSeq = 1;
  #sinceCompaction = 0;
  readonly #leader: Core;
  readonly #compacts: boolean;
  timesSteps = false;

  /** @param compacts default: yes */
  constructor(nodes: number, compacts = true) {
    const peers = Array.from({ length: nodes }, (_, i): Peer => {
      return { id: `n${i + 1}`, address: `n${i + 1}.bench` };
    });
    this.#compacts = compacts;
    this.#cores = peers.map((peer) => createCore(peer, peers));
    this.#byId = new Map(this.#cores.map((core) => [core.sender.id, core]));
    for (const core of this.#cores) this.#give(core, { type: "tick" });
    // Timers ring until somebody leads.
    let leader: Core | undefined;
    for (let i = 0; i < 1000 && !leader; i++) {
      this.#run();
      this.#now += 10;
      leader = this.#cores.find(({ raft }) => raft.status.role === "leader");
    }
    if (!leader) throw new Error(`none of ${nodes} cores leads`);
    this.#leader = leader;
    this.#run();
  }

  /** Of the leader, and the mean of the others. */
  stepMs(): { readonly leader: number; readonly follower: number } {
    const others = this.#cores.filter((core) => core !== this.#leader);
    const sum = others.reduce((total, { stepMs }) => total + stepMs, 0);
    return { leader: this.#leader.stepMs, follower: others.length === 0 ? 0 : sum / others.length };
  }

  /**
   * Proposes these at the leader, and returns once it has applied them; the others learn of it with
   * what comes next.
   * @param together default: all in one call of the core; false: each in one of its own, in one
   * turn
   */
  commit(commands: readonly Uint8Array[], together = true): void {
    const leader = this.#leader;
    const target = leader.applied + commands.length;
    for (const some of together ? [commands] : commands.map((command) => [command])) {
      this.#give(leader, { type: "propose", firstSeq: this.#nextSeq, commands: some });
      this.#nextSeq += some.length;
    }
    this.#run();
    for (let waits = 0; leader.applied < target; waits++) {
      if (waits > WAITS_MAX) throw new Error(`entry ${target} wasn't committed`);
      // Somebody waits for a moment: what is large is sent at a certain pace.
      this.#now = this.#nextDeadline();
      this.#run();
    }
    this.#sinceCompaction += commands.length;
    if (!this.#compacts || this.#sinceCompaction < COMPACT_AFTER_ENTRIES) return;
    this.#sinceCompaction = 0;
    for (const core of this.#cores) this.#compact(core);
  }

  #nextDeadline(): number {
    return Math.min(...this.#cores.map(({ raft }) => raft.deadline));
  }

  #give(core: Core, input: Input): void {
    this.#work.push({ core, input });
  }

  /** Until nobody has anything to do. */
  #run(): void {
    for (;;) {
      // What comes in meanwhile is taken in the next round, as in an event loop.
      const work = this.#work;
      this.#work = [];
      for (const { core, input } of work) this.#step(core, input);
      if (this.#work.length > 0) continue;
      for (const core of this.#cores) {
        if (core.raft.deadline <= this.#now) this.#step(core, { type: "tick" });
      }
      if (this.#work.length === 0) return;
    }
  }

  #step(core: Core, input: Input): void {
    const begin = this.timesSteps ? performance.now() : 0;
    const effects = core.raft.step(this.#now, input);
    if (this.timesSteps) core.stepMs += performance.now() - begin;
    for (const effect of effects) this.#perform(core, effect);
  }

  #perform(core: Core, effect: Effect): void {
    if (effect.type === "send") {
      const to = this.#byId.get(effect.to);
      const message = asReceived(effect.message);
      if (to) this.#give(to, { type: "receive", from: core.sender, message });
    } else if (effect.type === "persist") {
      this.#give(core, { type: "persisted", seq: effect.seq });
    } else if (effect.type === "apply") {
      const last = effect.entries.at(-1);
      if (last) core.applied = last.firstIndex + last.count - 1;
      this.#give(core, { type: "applied", index: core.applied });
    } else if (effect.type === "failed") {
      throw effect.error;
    } else if (effect.type === "rejected") {
      throw new Error(`a proposal was rejected: ${effect.reason}`);
    }
  }

  /** As if a snapshot of everything applied had been saved. */
  #compact(core: Core): void {
    const position = core.raft.snapshotPositionAt(core.applied);
    if (!position) throw new Error(`there is no entry ${core.applied}`);
    const snapshot = { ...position, snapshotId: `s${core.applied}`, bytes: 0, crc: 0 };
    this.#step(core, { type: "snapshotSaved", snapshot });
    this.#run();
  }
}

/** A receiver gets all entries of a message as one run: several are what was proposed one by one. */
function asReceived(message: Message): Message {
  if (message.type !== "appendEntries" || message.entries.length < 2) return message;
  const payload = Uint8Array.from(Buffer.concat(messagePayload(message)));
  const received = decodeMessage(messageHeader(message), payload);
  if (!received) throw new Error("no receiver would understand what a core sends");
  return received;
}

function createCore({ id, address }: Peer, bootstrap: readonly Peer[]): Core {
  const incarnation = `${id}${INCARNATION}`;
  const raft = new Raft(
    {
      id,
      incarnation,
      run: 1,
      address,
      clusterInstance: `${id}-instance-of-the-bench`,
      bootstrap,
      // n1's timer rings first.
      random: () => (id === "n1" ? 0 : 0.9),
      electionTimeoutMs: { min: 150, max: 300 },
      heartbeatIntervalMs: 50,
      maxMessageBytes: 2 ** 20,
      maxInflightMessages: 256,
      maxInflightBytes: 2 ** 23,
      maxUncommittedBytes: 2 ** 26,
      maxLogBytes: 2 ** 32,
    },
    {
      hardState: { currentTerm: 0, votedFor: null },
      base: { index: 0, term: 0 },
      entries: [],
      snapshot: null,
      damagedSnapshotIndex: 0,
      applied: 0,
    },
  );
  return { sender: { id, incarnation, run: 1 }, raft, applied: 0, stepMs: 0 };
}
