// The last cases: three real nodes on the adapter. First whether they agree at all; then under load
// and faults, with the history of all calls checked and every acknowledged write looked for on
// every node.
import { checkHistory, explain, register } from "@raftkit/linearizability";
import type { Operation, RegisterInput, RegisterOutput } from "@raftkit/linearizability";
import { NotProposed, OutcomeUnknown, ReadFailed } from "raftkit";
import { ensure } from "../expect.js";
import { nextTurn, transportCase } from "./bench.js";
import type { Waiting } from "./bench.js";
import { agree, FIRST_CALL_TIMEOUT_MS, proposes, withCluster } from "./cluster-bench.js";
import type { Cluster, Member } from "./cluster-bench.js";
import type { RegisterCommand } from "./cluster-parts.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

const KEYS = ["x", "y", "z"] as const;
const CLIENTS = 6;
/** Acknowledged calls between one fault and the next. */
const CALLS_PER_PHASE = 20;
export const clusters: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-46",
      title: "a cluster of three forms, and each node's proposal is applied on all",
      requires: ["TRANSPORT-12", "TRANSPORT-16", "TRANSPORT-19", "TRANSPORT-23"],
      rule: "State Machine Safety (Raft §5.4.3): all servers apply the same commands in the same order",
    },
    async (bench) => {
      await withCluster(bench, async (cluster) => {
        const { members } = cluster;
        for (const [i, member] of members.entries()) {
          await proposes(cluster, member, { op: "write", key: "x", value: i });
        }
        await agree(cluster);
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
      await withCluster(bench, underLoad);
    },
  ),
];

async function underLoad(cluster: Cluster): Promise<void> {
  const { members, faults, failures, callTimeoutMs, leader, restart } = cluster;
  const load = startLoad(members, callTimeoutMs);
  const goesOn = async (what: string): Promise<void> => {
    // Call by call: a slow machine takes its time for many, but answers one.
    for (
      let seen = load.acknowledged(), enough = seen + CALLS_PER_PHASE;
      seen < enough && failures.length === 0;
      seen = load.acknowledged()
    ) {
      await cluster.until(
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
    if (again !== undefined) await cluster.settles("the leader had been restarted", restart(again));
    await goesOn("after the leader was restarted");
  } finally {
    await load.stop();
  }
  Object.assign(faults, { loss: 0, duplicate: 0, reorder: 0 });
  await agree(cluster);
  for (const member of members) {
    for (const key of KEYS) await load.readAtEnd(cluster, member, key);
  }
  const applied = new Set(members[0]?.machine.applied);
  const missing = load
    .acknowledgedWrites()
    .find((command) => !applied.has(JSON.stringify(command)));
  ensure(missing === undefined, `${JSON.stringify(missing)} was acknowledged, but is on no node`);
  const verdict = checkHistory(load.history, register);
  ensure(verdict.kind === "ok", explain(verdict, register));
}

interface Load {
  readonly history: Operation<RegisterInput, RegisterOutput>[];
  acknowledged(): number;
  acknowledgedWrites(): readonly RegisterCommand[];
  readAtEnd(waiting: Waiting, member: Member, key: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Clients that call one node each, one call after another. Time is counted, not measured: one
 * process, one order.
 */
function startLoad(members: readonly Member[], timeoutMs: number): Load {
  const history: Operation<RegisterInput, RegisterOutput>[] = [];
  const writes: RegisterCommand[] = [];
  let [time, value, clients, running] = [0, 0, 0, true];

  /** Sends one call and notes what became of it. @returns whether its client may go on */
  async function call(
    client: string,
    { node }: Member,
    input: RegisterCommand | { readonly op: "read"; readonly key: string },
  ): Promise<boolean> {
    const invoked = ++time;
    try {
      const output =
        input.op === "read"
          ? await node.read(input.key, { timeoutMs })
          : await node.propose(input, { timeoutMs });
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
    async readAtEnd(waiting, member, key) {
      const before = history.length;
      for (let tries = 0; history.length === before && tries < 20; tries++) {
        await waiting.settles(
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
