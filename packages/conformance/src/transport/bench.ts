// What the cases share: nodes that record what their transport tells them, and waiting for a
// condition with a bound. It closes every transport that a case made, also when the case fails.
import { RaftkitError } from "@raftkit/core";
import type { LocalNode, NodeId, Peer, Sender, Transport } from "@raftkit/core";
import { isSame, joined } from "../bytes.js";
import { ensure, fail, Unexpected } from "../expect.js";
import { createChance } from "../random.js";
import { show, toError } from "../show.js";
import type { Case } from "../suite.js";
import type { Links, TransportCapability, TransportSubject } from "./subject.js";

const PATIENCE_MS = 10_000;
/** On a machine that stands still time passes without anything being tried. */
const TRIES_MIN = 150;
const RESEND_FIRST_MS = 40;

export interface Received {
  readonly from: Sender;
  /** As handed over, not a copy. */
  readonly frame: Uint8Array;
}

export interface TestNode {
  readonly id: NodeId;
  readonly local: LocalNode;
  readonly transport: Transport;
  readonly frames: Received[];
  /** The nodes that answered at a seed. */
  readonly met: Sender[];
  readonly unreachable: NodeId[];
  readonly rejected: RaftkitError[];
  /** Called with each frame, inside `receive`. */
  onReceive?: (received: Received) => void;
}

/** Waiting for what must happen, with a bound. */
export interface Waiting {
  /** How long it waits, in milliseconds. */
  readonly patienceMs: number;
  /** Waits; `what` completes "waited in vain until …". */
  readonly until: (what: string, condition: () => boolean, boundMs?: number) => Promise<void>;
  /** Waits for a promise. */
  readonly settles: <T>(what: string, promise: Promise<T>) => Promise<T>;
}

export interface Bench extends Waiting {
  readonly progress: (what?: string) => void;
  readonly subject: TransportSubject;
  readonly links: Links;
  /** A transport that this case may use as it likes. */
  transport(address: string): Promise<Transport>;
  /** Starts a node; without `address`, at a fresh one. */
  start(id: NodeId, changes?: Partial<LocalNode>): Promise<TestNode>;
  /** Gives each of them all the others as peers. */
  meet(...nodes: readonly TestNode[]): Promise<void>;
  /** Gives `node` these peers and no others. */
  list(node: TestNode, peers: readonly Peer[]): Promise<void>;
  /** Sets `node`'s seeds to these addresses, and its peers to these. */
  seek(node: TestNode, seeds: readonly Peer[], peers?: readonly Peer[]): Promise<void>;
  /** Sends until it arrives, since frames may be lost. */
  arrives(from: TestNode, to: TestNode, ...parts: readonly Uint8Array[]): Promise<Received>;
}

type Fields = Pick<Case<TransportSubject>, "id" | "title" | "rule"> & {
  readonly requires?: readonly string[];
  readonly capabilities?: readonly TransportCapability[];
};

/** A case of this suite: `body` gets a fresh bench. */
export function transportCase(
  { requires = [], capabilities = [], ...fields }: Fields,
  body: (bench: Bench) => Promise<void>,
): Case<TransportSubject> {
  return {
    ...fields,
    requires,
    capabilities,
    run: async (subject, _another, progress) =>
      withBench(withControls(subject, capabilities), progress, body),
  };
}

/** What the subject has itself; the others are its links'. */
const OWN_CONTROLS = ["maxQueueBytes", "introduction"] as const;
type OwnControl = (typeof OWN_CONTROLS)[number];

function isOwn(control: string): control is OwnControl {
  return OWN_CONTROLS.some((own) => own === control);
}

/**
 * What a subject must have for a capability. Without it a case would wait in vain, and blame the
 * adapter.
 */
const CONTROLS: {
  readonly [Capability in TransportCapability]?: readonly (keyof Links | OwnControl)[];
} = {
  queue: ["maxQueueBytes"],
  cut: ["cut", "heal"],
  stall: ["stall", "heal"],
  stream: ["disturb", "intrude", "record", "heal"],
  introduction: ["record", "intrude", "introduction"],
};

function withControls(
  subject: TransportSubject,
  capabilities: readonly TransportCapability[],
): TransportSubject {
  for (const capability of capabilities) {
    const missing = CONTROLS[capability]?.find(
      (control) => !(control in (isOwn(control) ? subject : (subject.links ?? {}))),
    );
    if (missing !== undefined) {
      throw new RaftkitError(
        "CONFORMANCE_SUBJECT",
        `the target declares "${capability}", but what it creates has no ${isOwn(missing) ? "" : "links."}${missing}; add it, or don't declare the capability`,
      );
    }
  }
  return subject;
}

/** Refuses what isn't a transport: the first case would blame it otherwise. */
function refuseOther(made: unknown): void {
  const given: object = typeof made === "object" && made !== null ? made : {};
  const missing = ["start", "setPeers", "send", "disconnect", "close"].find(
    (method) => typeof Reflect.get(given, method) !== "function",
  );
  if (missing === undefined) return;
  throw new RaftkitError(
    "CONFORMANCE_SUBJECT",
    `the target's transport() gave ${show(made)}, which has no ${missing}(); it must return a Transport, or a promise of one`,
  );
}

export function localNode(
  id: NodeId,
  address: string,
  changes: Partial<LocalNode> = {},
): LocalNode {
  return {
    clusterId: "green",
    codec: "json+journal-1",
    incarnation: `data-directory-of-${id}`,
    run: 1,
    ...changes,
    id,
    address: changes.address ?? address,
  };
}

/** Bytes that differ everywhere and from seed to seed, so that a misplaced part shows. */
export function pattern(length: number, seed: number): Uint8Array {
  return createChance(seed).bytes(length);
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
}

async function withBench(
  subject: TransportSubject,
  progress: (what?: string) => void,
  body: (bench: Bench) => Promise<void>,
): Promise<void> {
  const transports: Transport[] = [];
  const bench = createBench(subject, transports, progress);
  try {
    await body(bench);
  } finally {
    // One that hangs or throws is the matter of the cases about closing.
    await Promise.all(
      transports.map((transport) =>
        bench
          .settles(
            "it is closed",
            Promise.resolve(transport).then((it) => it.close()),
          )
          .catch(() => undefined),
      ),
    );
  }
}

/**
 * @param progress called while it waits, and when what was waited for came
 * @param now by which clock it waits, in milliseconds
 */
export function createWaiting(
  patienceMs: number,
  progress: (what?: string) => void,
  now: () => number,
): Waiting {
  async function until(
    what: string,
    condition: () => boolean,
    boundMs: number = patienceMs,
  ): Promise<void> {
    const end = now() + boundMs;
    for (let tries = 0; !condition(); tries++) {
      if (tries >= TRIES_MIN && now() > end) {
        throw new Unexpected(`waited in vain until ${what} (${boundMs} ms)`);
      }
      // The case's own time-out is for what has no bound: on a slow machine it would come first.
      progress();
      await nextTurn();
    }
    progress(what);
  }

  async function settles<T>(what: string, promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.then(
      () => {
        settled = true;
      },
      () => {
        settled = true;
      },
    );
    await until(what, () => settled);
    return promise;
  }

  return { patienceMs, until, settles };
}

function createBench(
  subject: TransportSubject,
  transports: Transport[],
  progress: (what?: string) => void,
): Bench {
  const patienceMs = subject.patienceMs ?? PATIENCE_MS;
  const waiting = createWaiting(patienceMs, progress, () => performance.now());
  const { until, settles } = waiting;
  const links = subject.links ?? {};

  async function transport(address: string): Promise<Transport> {
    const made = await subject.transport(address);
    refuseOther(made);
    transports.push(made);
    return made;
  }

  /** The addresses at which `node` is to look for these. */
  function routed(node: TestNode, whom: readonly Peer[]): Promise<readonly Peer[]> {
    return Promise.all(
      whom.map(async (peer) => ({
        id: peer.id,
        // No link leads from a node to itself.
        address:
          (peer.id === node.id ? undefined : await links.route?.(node.id, peer)) ?? peer.address,
      })),
    );
  }

  async function seek(
    node: TestNode,
    seeds: readonly Peer[],
    peers: readonly Peer[] = [],
  ): Promise<void> {
    const listed = await routed(node, peers);
    const addresses = (await routed(node, seeds)).map(({ address }) => address);
    node.transport.setPeers(listed, addresses);
  }

  return {
    ...waiting,
    progress,
    subject,
    links,
    transport,
    list: (node, peers) => seek(node, [], peers),
    seek,
    async start(id, changes) {
      const local = localNode(id, changes?.address ?? (await subject.address()), changes);
      const node: TestNode = {
        id,
        local,
        transport: await transport(local.address),
        frames: [],
        met: [],
        unreachable: [],
        rejected: [],
      };
      await settles(
        `${id} started`,
        node.transport.start(local, {
          receive(from, frame) {
            node.frames.push({ from, frame });
            node.onReceive?.({ from, frame });
          },
          met: (from) => void node.met.push(from),
          unreachable: (to) => void node.unreachable.push(to),
          rejected: (error) => void node.rejected.push(error),
        }),
      );
      return node;
    },
    async meet(...nodes) {
      for (const node of nodes) {
        await seek(
          node,
          [],
          nodes.filter((other) => other !== node).map(({ local }) => local),
        );
      }
    },
    async arrives(from, to, ...parts) {
      const frame = joined(parts);
      const news = [from, to].map(newsOf);
      const first = to.frames.length;
      let [resendAt, pauseMs, seen] = [0, RESEND_FIRST_MS, first];
      let found: Received | undefined;
      await until(`${describe(frame)} from ${from.id} arrived at ${to.id}`, () => {
        if (performance.now() >= resendAt && from.transport.send(to.id, parts)) {
          resendAt = performance.now() + pauseMs;
          pauseMs *= 2;
        }
        for (; found === undefined && seen < to.frames.length; seen++) {
          const received = to.frames[seen];
          if (
            received !== undefined &&
            received.from.id === from.id &&
            isSame(received.frame, frame)
          ) {
            found = received;
          }
        }
        return found !== undefined;
      }).catch((error: unknown) => {
        const came = to.frames
          .slice(first)
          .map((received) => `${describe(received.frame)} from ${received.from.id}`);
        throw new Unexpected(
          [
            toError(error).message,
            `what came: ${summaryOf(came)}`,
            ...news.map((tell) => tell()),
          ].join("; "),
        );
      });
      ensure(found !== undefined, "found above");
      return found;
    },
  };
}

/** @returns says what its handler was told since, beside frames */
function newsOf({ id, unreachable, rejected, met }: TestNode): () => string {
  const [lost, refused, found] = [unreachable.length, rejected.length, met.length];
  return () =>
    `${id} was told: ${summaryOf([
      ...met.slice(found).map((sender) => `met ${sender.id}`),
      ...rejected.slice(refused).map((error) => `rejected: ${error?.code}: ${error?.message}`),
      ...unreachable.slice(lost).map((to) => `${to} is unreachable`),
    ])}`;
}

/** The first few, each once. */
function summaryOf(events: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const event of events) counts.set(event, (counts.get(event) ?? 0) + 1);
  const told = [...counts].map(([event, count]) =>
    count > 1 ? `${event} (${count} times)` : event,
  );
  return told.slice(0, 5).join(", ") || "nothing";
}

/** Adds what was done to the network, which who reads of a failure can't see otherwise. */
export async function noting<T>(note: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => fail(`${toError(error).message}; ${note}`, error));
}

/** Enough to tell frames apart in a message. */
export function describe(frame: Uint8Array): string {
  const start = Array.from(frame.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(
    " ",
  );
  return `a frame of ${frame.length} bytes (${start}${frame.length > 8 ? " …" : ""})`;
}
