// Reads and writes the parts of snapshots that core sends to followers or receives from the leader.
// A failure here never stops the node: core retries.
import type {
  Effect,
  Index,
  Input,
  NodeId,
  SnapshotReader,
  SnapshotSink,
  SnapshotStorage,
} from "@raftkit/core";
import { crc32 } from "./platform.js";

type EffectOf<T extends Effect["type"]> = Extract<Effect, { readonly type: T }>;
type Feed = (input: Input) => void;

interface OpenReader {
  readonly snapshotId: string;
  readonly reader: Promise<SnapshotReader>;
}

/** At a leader: one reader for each follower, which pins what that one is sent. */
export class SnapshotSender {
  readonly #storage: SnapshotStorage;
  readonly #feed: Feed;
  readonly #onFailed: (error: unknown) => void;
  readonly #readers = new Map<NodeId, OpenReader>();

  constructor(storage: SnapshotStorage, feed: Feed, onFailed: (error: unknown) => void) {
    this.#storage = storage;
    this.#feed = feed;
    this.#onFailed = onFailed;
  }

  async read({
    peer,
    attempt,
    snapshotId,
    offset,
    maxBytes,
  }: EffectOf<"readSnapshot">): Promise<void> {
    let data: Uint8Array | null = null;
    try {
      const reader = await this.#readerFor(peer, snapshotId);
      ({ data } = await reader.read(offset, maxBytes));
    } catch (error) {
      this.release(peer);
      this.#onFailed(error);
    }
    this.#feed({ type: "snapshotRead", peer, attempt, offset, data });
  }

  #readerFor(peer: NodeId, snapshotId: string): Promise<SnapshotReader> {
    const open = this.#readers.get(peer);
    if (open?.snapshotId === snapshotId) return open.reader;
    this.release(peer);
    const reader = this.#storage.openReader(snapshotId);
    this.#readers.set(peer, { snapshotId, reader });
    return reader;
  }

  release(peer: NodeId): void {
    const open = this.#readers.get(peer);
    this.#readers.delete(peer);
    void open?.reader.then((reader) => reader.close()).catch(() => {});
  }

  stop(): void {
    for (const peer of this.#readers.keys()) this.release(peer);
  }
}

interface OpenSink {
  readonly install: number;
  readonly sink: SnapshotSink;
  bytes: number;
  crc: number;
}

/** At a follower: what is being received, one piece after another. */
export class SnapshotReceiver {
  readonly #storage: SnapshotStorage;
  readonly #feed: Feed;
  readonly #onFailed: (error: unknown) => void;
  #work: Promise<void> = Promise.resolve();
  #open: OpenSink | null = null;
  /** Of what was installed, until the machine has got there: the next one must not take it away. */
  readonly #pins = new Map<SnapshotReader, Index>();
  #stopped = false;

  constructor(storage: SnapshotStorage, feed: Feed, onFailed: (error: unknown) => void) {
    this.#storage = storage;
    this.#feed = feed;
    this.#onFailed = onFailed;
  }

  write(effect: EffectOf<"writeSnapshot">): void {
    this.#do(effect.install, () => this.#write(effect));
  }

  commit(effect: EffectOf<"commitSnapshot">): void {
    this.#do(effect.install, () => this.#commit(effect));
  }

  abort({ install }: EffectOf<"abortSnapshot">): void {
    this.#do(install, () => this.#close());
  }

  #do(install: number, work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#stopped) return;
      try {
        await work();
      } catch (error) {
        await this.#close();
        this.#onFailed(error);
        this.#feed({ type: "snapshotRefused", install, reason: "failed" });
      }
    });
  }

  async #write({ install, position, offset, data }: EffectOf<"writeSnapshot">): Promise<void> {
    if (offset === 0) {
      await this.#close();
      this.#open = { install, sink: await this.#storage.create(position), bytes: 0, crc: 0 };
    }
    const open = this.#open;
    // What failed before is over: core has been told.
    if (open?.install !== install) return;
    if (data.length > 0) await open.sink.write(data);
    open.bytes += data.length;
    open.crc = crc32(data, open.crc);
    this.#feed({ type: "snapshotWritten", install, offset: open.bytes });
  }

  /** Only what is as it was announced may take the place of the one before. */
  async #commit({ install, bytes, crc }: EffectOf<"commitSnapshot">): Promise<void> {
    const open = this.#open;
    if (open?.install !== install) return;
    if (open.bytes !== bytes || open.crc !== crc) {
      await this.#close();
      this.#feed({ type: "snapshotRefused", install, reason: "damaged" });
      return;
    }
    const snapshot = await open.sink.commit();
    this.#open = null;
    this.#pins.set(await this.#storage.openReader(snapshot.snapshotId), snapshot.index);
    this.#feed({ type: "snapshotInstalled", install, snapshot });
  }

  /** The machine has got so far: what is installed up to there isn't restored any more. */
  unpin(lastApplied: Index): void {
    for (const [reader, index] of this.#pins) {
      if (index > lastApplied) continue;
      this.#pins.delete(reader);
      reader.close().catch(this.#onFailed);
    }
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.sink.abort().catch(() => {});
  }

  /** What is being written is waited for, and dropped. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
    await this.#close();
    this.unpin(Infinity);
  }
}
