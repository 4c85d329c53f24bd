// Whole nodes on virtual time, with doubles for everything around them.
import type { Codec, CodecValue, StateMachine } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import type { BootstrapOptions, NodeOptions, RaftNode } from "raftkit";
import { createNode } from "raftkit";
import { onTestFinished } from "vitest";
import type { VirtualClock } from "./clock.js";
import { createVirtualClock } from "./clock.js";
import type { TestNetwork, TestTransport } from "./network.js";
import { createTestNetwork } from "./network.js";
import type { TestLog } from "./storage.js";
import { createTestLog } from "./storage.js";

export const jsonCodec: Codec = {
  name: "json",
  encode(value) {
    if (value === undefined) throw new RaftkitError("CODEC", "undefined has no form");
    return new TextEncoder().encode(JSON.stringify(value));
  },
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as CodecValue,
};

/** Remembers its commands; the result is how many there are. */
export interface Recorder extends StateMachine<string, number, string, string> {
  readonly commands: string[];
  applying: (command: string) => void | Promise<void>;
  answering: (query: string) => void | Promise<void>;
  closed: number;
  opening: Error | undefined;
}

export function createRecorder(): Recorder {
  const recorder: Recorder = {
    commands: [],
    applying: () => {},
    answering: () => {},
    closed: 0,
    opening: undefined,
    open: () => (recorder.opening ? Promise.reject(recorder.opening) : Promise.resolve(0)),
    apply(command) {
      const waits = recorder.applying(command);
      if (waits) return waits.then(() => recorder.commands.push(command));
      return recorder.commands.push(command);
    },
    query(query) {
      const answer = (): string => `${query}: ${recorder.commands.join()}`;
      const waits = recorder.answering(query);
      return waits ? waits.then(answer) : answer();
    },
    close() {
      recorder.closed++;
      return Promise.resolve();
    },
  };
  return recorder;
}

export type TestOptions = NodeOptions<string, number, string, string>;

export interface Member {
  readonly id: string;
  readonly node: RaftNode<string, number, string, string>;
  readonly machine: Recorder;
  readonly log: TestLog;
  readonly transport: TestTransport;
}

export interface TestCluster {
  readonly clock: VirtualClock;
  readonly network: TestNetwork;
  readonly members: readonly Member[];
  readonly leader: Member;
  readonly followers: readonly [Member, Member];
}

export function partsOf(
  clock: VirtualClock,
  network: TestNetwork,
  id: string,
  ids: readonly string[],
): {
  readonly options: TestOptions & { readonly cluster: BootstrapOptions };
  readonly machine: Recorder;
  readonly log: TestLog;
  readonly transport: TestTransport;
} {
  const machine = createRecorder();
  const log = createTestLog(`${id}-data-directory-1`);
  const transport = network.transport();
  const draw = Number(id.slice(1)) / 10;
  const options = {
    id,
    cluster: {
      id: "test",
      bootstrap: ids.map((peer) => ({ id: peer, address: `${peer}.test:1` })),
      alone: ids.length === 1,
    },
    transport,
    storage: { log },
    codec: jsonCodec,
    stateMachine: machine,
    clock,
    random: () => draw,
  };
  return { options, machine, log, transport };
}

/** Nodes that have just been created, before their first election. */
async function createMembers(
  size: number,
  change: Partial<TestOptions>,
): Promise<Pick<TestCluster, "clock" | "network" | "members">> {
  const clock = createVirtualClock();
  const network = createTestNetwork(clock);
  const ids = Array.from({ length: size }, (_, i) => `n${i + 1}`);
  const members: Member[] = [];
  for (const id of ids) {
    const { options, ...parts } = partsOf(clock, network, id, ids);
    members.push({ id, node: await createNode({ ...options, ...change }), ...parts });
  }
  return { clock, network, members };
}

/** A bootstrapped cluster whose first node leads; its no-op is applied everywhere. */
export async function startCluster(
  size = 3,
  change: Partial<TestOptions> = {},
): Promise<TestCluster> {
  const { clock, network, members } = await createMembers(size, change);
  await clock.until(
    () => members.every(({ node }) => node.status().lastApplied >= 2),
    "a bootstrapped cluster",
  );
  const [leader, b, c] = members;
  if (!leader || leader.node.status().role !== "leader") throw new Error("n1 should lead");
  return { clock, network, members, leader, followers: [b ?? leader, c ?? leader] };
}

export async function stop({
  clock,
  members,
}: Pick<TestCluster, "clock" | "members">): Promise<void> {
  for (const { log } of members) log.release();
  await clock.outcome(Promise.all(members.map(({ node }) => node.close())));
}

/** `startCluster`, which ends with the test. */
export async function cluster(
  ...args: Parameters<typeof startCluster>
): ReturnType<typeof startCluster> {
  const started = await startCluster(...args);
  onTestFinished(() => stop(started));
  return started;
}

/** The same, before its first election. */
export async function unledCluster(size = 3): ReturnType<typeof createMembers> {
  const made = await createMembers(size, {});
  onTestFinished(() => stop(made));
  return made;
}

/** The value, or the reason of a rejection. */
export const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => value,
    (error: unknown) => error,
  );
