// The last cases: three real nodes on the adapter. First whether they agree at all; then under load
// and faults, with the history of all calls checked and every acknowledged write looked for on
// every node.
import { ensure, fail } from "../expect.js";
import { toError } from "../show.js";
import { checkHistory, explain, register } from "@raftkit/linearizability";
import type { Operation, RegisterInput, RegisterOutput } from "@raftkit/linearizability";
import { createNode, NotProposed, OutcomeUnknown, ReadFailed } from "raftkit";
import type { RaftNode } from "raftkit";
import type { LogStorage, Peer, RaftkitError } from "@raftkit/core";
import { nextTurn, transportCase } from "./bench.js";
import type { Bench } from "./bench.js";
import { createLog, createRegisters, plainCodec } from "./cluster-parts.js";
import type { Command, Registers } from "./cluster-parts.js";
import { withFaults } from "./faults.js";
import type { Faults } from "./faults.js";
import { createChance } from "../random.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

const KEYS = ["x", "y", "z"] as const;
const CLIENTS = 6;
/** Acknowledged calls between one fault and the next. */
const CALLS_PER_PHASE = 30;
/** On a bad network a forwarded proposal may be lost: short, so that its client goes on. */
const CALL_TIMEOUT_MS = 500;
/** On a good one: patient, as the machine may be slow. */
const FIRST_CALL_TIMEOUT_MS = 5000;

type Node = RaftNode<Command, boolean, string, number | null>;

interface Member {
  readonly peer: Peer;
  readonly log: LogStorage;
  node: Node;
  machine: Registers;
}

interface Cluster {
  readonly members: readonly Member[];
  readonly faults: Faults;
  /** Nodes that stopped by themselves: none should. */
  readonly failures: RaftkitError[];
  readonly leader: () => Member | undefined;
  readonly restart: (member: Member) => Promise<void>;
}

export const clusters: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-46",
      title: "a cluster of three forms, and each node's proposal is applied on all",
      requires: ["TRANSPORT-12", "TRANSPORT-16", "TRANSPORT-19", "TRANSPORT-23"],
      rule: "State Machine Safety (Raft §5.4.3): all servers apply the same commands in the same order",
    },
    async (bench) => {
      await withCluster(bench, async ({ members, failures }) => {
        for (const [i, member] of members.entries()) {
          await proposes(bench, member, { op: "write", key: "x", value: i });
        }
        await agree(bench, members, failures);
        const answer = await members[0]?.node.read("x", { timeoutMs: FIRST_CALL_TIMEOUT_MS });
        ensure(
          answer === 2,
          `after writes of 0, 1 and 2 a read should answer 2; it answered ${answer}`,
        );
      });
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-47",
      title:
        "under load, with loss, duplicates, reordering, a cut link and a restart, calls are linearizable and no acknowledged write is lost",
      requires: ["TRANSPORT-46", "TRANSPORT-24", "TRANSPORT-25"],
      rule: "Leader Completeness and Linearizability (Raft §5.4, §8; thesis §6.4): the network may lose, double, delay and reorder messages",
    },
    async (bench) => {
      await withCluster(bench, underLoad(bench));
    },
  ),
];

function underLoad(bench: Bench): (cluster: Cluster) => Promise<void> {
  return async ({ members, faults, failures, leader, restart }) => {
    const load = startLoad(members);
    const goesOn = async (what: string): Promise<void> => {
      // Call by call: a slow machine takes its time for many, but answers one.
      for (
        let seen = load.acknowledged(), enough = seen + CALLS_PER_PHASE;
        seen < enough && failures.length === 0;
        seen = load.acknowledged()
      ) {
        await patiently(
          bench,
          members,
          `a call was answered ${what}`,
          () => load.acknowledged() > seen || failures.length > 0,
        );
      }
      ensure(failures.length === 0, `a node stopped ${what}: ${failures[0]?.message}`);
    };
    try {
      await goesOn("on a good network");
      Object.assign(faults, { loss: 0.05, duplicate: 0.05, reorder: 0.1 });
      await goesOn("while frames are lost, doubled and late");
      const [a, b] = [leader() ?? members[0], members.find((member) => member !== leader())];
      for (const [from, to] of [
        [a, b],
        [b, a],
      ]) {
        faults.cut.add(`${from?.peer.id}>${to?.peer.id}`);
      }
      await goesOn("while the link between the leader and a follower is cut");
      faults.cut.clear();
      const again = leader() ?? members[0];
      if (again !== undefined) await bench.settles("the leader had been restarted", restart(again));
      await goesOn("after the leader was restarted");
    } finally {
      await load.stop();
    }
    Object.assign(faults, { loss: 0, duplicate: 0, reorder: 0 });
    await agree(bench, members, failures);
    for (const member of members) for (const key of KEYS) await load.readAtEnd(bench, member, key);
    const applied = new Set(members[0]?.machine.applied);
    const missing = load
      .acknowledgedWrites()
      .find((command) => !applied.has(JSON.stringify(command)));
    ensure(missing === undefined, `${JSON.stringify(missing)} was acknowledged, but is on no node`);
    const verdict = checkHistory(load.history, register);
    ensure(verdict.kind === "ok", explain(verdict, register));
  };
}

async function withCluster(bench: Bench, body: (cluster: Cluster) => Promise<void>): Promise<void> {
  const faults: Faults = {
    random: createChance(1).next,
    loss: 0,
    duplicate: 0,
    reorder: 0,
    cut: new Set(),
  };
  const failures: RaftkitError[] = [];
  const peers = await Promise.all(
    ["n1", "n2", "n3"].map(async (id) => ({ id, address: await bench.subject.address() })),
  );

  async function open(peer: Peer, log: LogStorage): Promise<Pick<Member, "node" | "machine">> {
    const machine = createRegisters();
    const transport = withFaults(await bench.transport(peer.address), faults);
    const node = await createNode({
      id: peer.id,
      cluster: { id: "conformance", bootstrap: peers },
      transport,
      storage: { log },
      codec: plainCodec,
      stateMachine: machine,
    });
    node.on("error", (error) => {
      failures.push(error);
    });
    return { node, machine };
  }

  const members: Member[] = [];
  try {
    for (const peer of peers) {
      const log = createLog(`data-directory-of-${peer.id}`);
      members.push({ peer, log, ...(await open(peer, log)) });
    }
    await body({
      members,
      faults,
      failures,
      leader: () => members.find(({ node }) => node.status().role === "leader"),
      restart: async (member) => {
        await member.node.close();
        Object.assign(member, await open(member.peer, member.log));
      },
    });
  } finally {
    await Promise.all(
      members.map(({ node }) =>
        bench.settles("the node closed", node.close()).catch(() => undefined),
      ),
    );
  }
}

/** Tries again while that is safe: a cluster needs a moment to find its leader. */
async function proposes(bench: Bench, { node, peer }: Member, command: Command): Promise<void> {
  let failure: unknown;
  let outcome: "open" | "done" | "refused" = "refused";
  await bench.until(`a proposal on ${peer.id} was applied`, () => {
    ensure(failure === undefined, `a proposal on ${peer.id} failed: ${String(failure)}`);
    if (outcome === "refused") {
      outcome = "open";
      node.propose(command, { timeoutMs: FIRST_CALL_TIMEOUT_MS }).then(
        () => {
          outcome = "done";
        },
        (error: unknown) => {
          if (error instanceof NotProposed) outcome = "refused";
          else failure = error;
        },
      );
    }
    return outcome === "done";
  });
}

/** Waits; tells how the nodes stand when that was in vain. */
function patiently(
  bench: Bench,
  members: readonly Member[],
  what: string,
  condition: () => boolean,
): Promise<void> {
  return bench.until(what, condition).catch((error: unknown) => {
    const stand = members
      .map(({ node }) => node.status())
      .map(
        ({ id, role, term, commitIndex, lastIndex }) =>
          `${id} is ${role} in term ${term}, has committed ${commitIndex} of ${lastIndex} entries`,
      );
    return fail(`${toError(error).message}: ${stand.join("; ")}`, error);
  });
}

/** Waits until all nodes have applied the same. */
async function agree(
  bench: Bench,
  members: readonly Member[],
  failures: readonly RaftkitError[],
): Promise<void> {
  await patiently(bench, members, "all nodes had applied what is committed", () => {
    ensure(failures.length === 0, `a node stopped: ${failures[0]?.message}`);
    const places = members.map(({ node }) => node.status());
    return (
      places.every(
        ({ lastApplied, lastIndex }) =>
          lastApplied === lastIndex && lastIndex === places[0]?.lastIndex,
      ) && places.some(({ role }) => role === "leader")
    );
  });
  const [first, ...others] = members.map(({ machine }) => machine.applied.join("\n"));
  ensure(
    others.every((other) => other === first),
    "the nodes applied different commands",
  );
}

interface Load {
  readonly history: Operation<RegisterInput, RegisterOutput>[];
  acknowledged(): number;
  acknowledgedWrites(): readonly Command[];
  readAtEnd(bench: Bench, member: Member, key: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Clients that call one node each, one call after another. Time is counted, not measured: one
 * process, one order.
 */
function startLoad(members: readonly Member[]): Load {
  const history: Operation<RegisterInput, RegisterOutput>[] = [];
  const writes: Command[] = [];
  let [time, value, clients, running] = [0, 0, 0, true];

  /** Sends one call and notes what became of it. @returns whether its client may go on */
  async function call(
    client: string,
    { node }: Member,
    input: Command | { readonly op: "read"; readonly key: string },
  ): Promise<boolean> {
    const invoked = ++time;
    try {
      const output =
        input.op === "read"
          ? await node.read(input.key, { timeoutMs: CALL_TIMEOUT_MS })
          : await node.propose(input, { timeoutMs: CALL_TIMEOUT_MS });
      history.push({ client, invoked, completed: ++time, input, output });
      if (input.op !== "read") writes.push(input);
      return true;
    } catch (error) {
      if (error instanceof NotProposed || error instanceof ReadFailed) return true; // it didn't happen
      if (!(error instanceof OutcomeUnknown)) throw error;
      history.push({ client, invoked, completed: Infinity, input });
      return false;
    }
  }

  async function run(i: number): Promise<void> {
    let client = `c${++clients}`;
    for (let round = i; running; round++) {
      const member = members[i % members.length];
      const key = KEYS[round % KEYS.length] ?? "x";
      if (member === undefined) return;
      const input =
        round % 3 === 0
          ? ({ op: "read", key } as const)
          : round % 3 === 1
            ? ({ op: "write", key, value: ++value } as const)
            : ({ op: "cas", key, expected: value - (round % 4), value: ++value } as const);
      if (!(await call(client, member, input))) client = `c${++clients}`;
      await nextTurn();
    }
  }

  const ended = Promise.all(Array.from({ length: CLIENTS }, (_, i) => run(i)));
  return {
    history,
    acknowledged: () => history.filter(({ completed }) => completed < Infinity).length,
    acknowledgedWrites: () => writes,
    async readAtEnd(bench, member, key) {
      const before = history.length;
      for (let tries = 0; history.length === before && tries < 20; tries++) {
        await bench.settles(
          "a read was answered",
          call(`reader-${++clients}`, member, { op: "read", key }),
        );
      }
      ensure(history.length > before, `reads of ${member.peer.id} fail on a good network`);
    },
    async stop() {
      running = false;
      await ended;
    },
  };
}
