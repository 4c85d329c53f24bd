// @coaty/consensus.raft: etcd's raft, ported to JavaScript. Its RawNode is driven as etcd's
// documentation says: what is ready is stored, sent and applied, then it may go on.
import { peers } from "./peers.js";
import { BATCHES } from "./library.js";
import type { Library } from "./library.js";

interface Entry {
  readonly index: number;
  readonly data: unknown;
}

interface Message {
  readonly to: string;
}

interface Ready {
  readonly hardState: { isEmptyHardState(): boolean };
  readonly entries: readonly Entry[];
  readonly committedEntries: readonly Entry[];
  readonly messages: readonly Message[];
}

interface RawNode {
  readonly raft: { readonly lead: string };
  campaign(): Error | null;
  step(message: Message | object): Error | null;
  hasReady(): boolean;
  ready(): Ready;
  advance(ready: Ready): void;
}

interface MemoryStorage {
  readonly snapshot: { metadata: object };
  ents: readonly object[];
  Append(entries: readonly Entry[]): void;
  SetHardState(state: object): void;
  Compact(index: number): void;
}

interface Modules {
  readonly rawnode: { readonly RawNode: { NewRawNode(config: object): RawNode } };
  readonly raft: { readonly RaftConfig: new (options: object) => object };
  readonly storage: { readonly MemoryStorage: { NewMemoryStorage(): MemoryStorage } };
  readonly logger: { readonly discardLogger: object };
  readonly protocol: {
    readonly Message: new (fields: object) => object;
    readonly Entry: new (fields: object) => object;
    readonly ConfState: new (fields: object) => object;
    readonly SnapshotMetadata: new (fields: object) => object;
    readonly MessageType: { readonly MsgProp: number };
  };
}

interface Node {
  readonly raw: RawNode;
  readonly storage: MemoryStorage;
  applied: number;
}

const IDS = ["n1", "n2", "n3"];
/** As raftkit's core here: the log would else be ever longer. */
const COMPACT_AFTER = 100_000;

export const coaty: Library = {
  name: "@coaty/consensus.raft",
  batches: BATCHES,
  async start() {
    const modules = load();
    const nodes = new Map(IDS.map((id) => [id, createNode(modules, id)]));
    const leader = nodes.get("n1");
    if (!leader) throw new Error("there is no n1");
    leader.raw.campaign();
    run(nodes);
    if (leader.raw.raft.lead !== "n1") throw new Error("n1 doesn't lead");
    const { Message, Entry, MessageType } = modules.protocol;
    let compacted = 0;
    return {
      async commit(commands) {
        const target = leader.applied + commands.length;
        const entries = commands.map((data) => new Entry({ data }));
        const refused = leader.raw.step(
          new Message({ type: MessageType.MsgProp, from: "n1", entries }),
        );
        if (refused) throw refused;
        run(nodes);
        if (leader.applied < target) throw new Error(`entry ${target} wasn't committed`);
        if (leader.applied - compacted < COMPACT_AFTER) return;
        compacted = Math.min(...[...nodes.values()].map(({ applied }) => applied));
        for (const { storage } of nodes.values()) storage.Compact(compacted);
      },
      close() {},
    };
  },
};

function load(): Modules {
  const loadPeer = peers();
  const part = (name: string): unknown => loadPeer(`@coaty/consensus.raft/ported/${name}.js`);
  return {
    rawnode: part("rawnode"),
    raft: part("raft"),
    storage: part("storage"),
    logger: part("logger"),
    protocol: part("raftpb/raft.pb"),
  } as Modules;
}

function createNode({ rawnode, raft, storage, logger, protocol }: Modules, id: string): Node {
  const stored = storage.MemoryStorage.NewMemoryStorage();
  // All begin behind an entry in which they are the voters.
  const confState = new protocol.ConfState({ voters: IDS });
  stored.snapshot.metadata = new protocol.SnapshotMetadata({ confState, index: 1, term: 1 });
  stored.ents = [new protocol.Entry({ index: 1, term: 1 })];
  const config = new raft.RaftConfig({
    id,
    electionTick: 10,
    heartbeatTick: 1,
    storage: stored,
    applied: 1,
    maxSizePerMsg: 1024 * 1024,
    maxInflightMsgs: 256,
    logger: logger.discardLogger,
  });
  return { raw: rawnode.RawNode.NewRawNode(config), storage: stored, applied: 1 };
}

/** Until nobody has anything to do. */
function run(nodes: ReadonlyMap<string, Node>): void {
  for (let isBusy = true; isBusy;) {
    isBusy = false;
    for (const node of nodes.values()) {
      if (!node.raw.hasReady()) continue;
      isBusy = true;
      const ready = node.raw.ready();
      if (!ready.hardState.isEmptyHardState()) node.storage.SetHardState(ready.hardState);
      node.storage.Append(ready.entries);
      for (const message of ready.messages) nodes.get(message.to)?.raw.step(message);
      node.applied = ready.committedEntries.at(-1)?.index ?? node.applied;
      node.raw.advance(ready);
    }
  }
}
