// Short ways to say what the snapshot cases do: write a snapshot, read one whole, and compare the
// two.
import type {
  Server,
  Index,
  SnapshotMeta,
  SnapshotPosition,
  SnapshotReader,
  SnapshotSink,
  SnapshotStorage,
  StorageIdentity,
  Term,
} from "@raftkit/core";
import { joined } from "../bytes.js";
import { ensure, expectEqualBytes, fail } from "../expect.js";
import { createChance } from "../random.js";
import { same, works } from "./check.js";
import { crc32 } from "./crc32.js";
import { identity } from "./log-helpers.js";
import type { StorageMedium } from "./medium.js";

export type SnapshotMedium = Required<StorageMedium<SnapshotStorage>>;

/** A snapshot that a case writes. */
export interface Sample extends SnapshotPosition {
  readonly data: Uint8Array;
}

/** Its bytes, its configuration and that one's index follow from its index. */
export function sample(index: Index, bytes = 1000, term: Term = Math.ceil(index / 10)): Sample {
  const servers = (...ids: readonly string[]): readonly Server[] =>
    ids.map((id) => ({
      id,
      incarnation: `incarnation-of-${id}-${index}`,
      address: `127.0.0.1:${7000 + index}`,
    }));
  const configuration = {
    clusterInstance: `cluster-instance-${index}`,
    voters: servers("n1", "n2", "n3"),
    learners: servers("n4"),
    outgoing: servers("n1", "n5"),
    rejoining: ["n4"],
  };
  const configurationIndex = Math.ceil(index / 2);
  return { index, term, configuration, configurationIndex, data: createChance(index).bytes(bytes) };
}

export async function openSnapshots(
  medium: SnapshotMedium,
  as: StorageIdentity = identity,
): Promise<{ readonly storage: SnapshotStorage; readonly newest: SnapshotMeta | undefined }> {
  const storage = medium.storage();
  return { storage, newest: await works(storage.open(as), "opening the snapshot storage") };
}

/** A sink that has taken the sample's data, in parts of this size. */
export async function filled(
  storage: SnapshotStorage,
  { data, ...position }: Sample,
  partBytes = 300,
): Promise<SnapshotSink> {
  const sink = await storage.create(position);
  for (let at = 0; at < data.length; at += partBytes) {
    await sink.write(data.subarray(at, at + partBytes));
  }
  return sink;
}

export async function save(storage: SnapshotStorage, snapshot: Sample): Promise<SnapshotMeta> {
  return works(
    filled(storage, snapshot).then((sink) => sink.commit()),
    `writing and committing a snapshot of ${snapshot.data.length} bytes at index ${snapshot.index}`,
  );
}

/** With a reader of its own, which is closed again: from an offset to the end. */
export async function readFrom(
  storage: SnapshotStorage,
  { snapshotId, bytes }: SnapshotMeta,
  from = 0,
  maxBytes = 256,
): Promise<Uint8Array> {
  const reader = await storage.openReader(snapshotId);
  try {
    return await readOn(reader, bytes, from, maxBytes);
  } finally {
    await reader.close();
  }
}

/** Reads from an offset to the end, `bytes`, and checks each answer on the way. */
export async function readOn(
  reader: SnapshotReader,
  bytes: number,
  from = 0,
  maxBytes = 256,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let at = from; ;) {
    const { data, done } = await reader.read(at, maxBytes);
    ensure(
      data.length <= maxBytes,
      `a read of up to ${maxBytes} bytes at offset ${at} gave ${data.length}`,
    );
    parts.push(data.slice());
    at += data.length;
    ensure(at <= bytes, `a snapshot of ${bytes} bytes gave bytes up to ${at}`);
    ensure(
      done === (at === bytes),
      `done must be true exactly when the end is reached; at byte ${at} of ${bytes} it was ${String(done)}`,
    );
    if (done) return joined(parts);
    ensure(
      data.length > 0,
      `a read at offset ${at} of ${bytes} gave nothing, so that no reader gets on`,
    );
  }
}

/** What an opening or a commit said must be this sample, whole and readable. */
export async function expectSample(
  storage: SnapshotStorage,
  meta: SnapshotMeta | undefined,
  expected: Sample,
  when: string,
): Promise<void> {
  if (meta === undefined) {
    return fail(
      `${when}: the snapshot at index ${expected.index} must be there, but there is none`,
    );
  }
  same(
    { index: meta.index, term: meta.term },
    { index: expected.index, term: expected.term },
    `${when}: index and term of the snapshot`,
  );
  expectEqualBytes(
    await works(readFrom(storage, meta), `${when}: reading the snapshot at index ${meta.index}`),
    expected.data,
    `${when}: the data of the snapshot at index ${meta.index}`,
  );
}

/**
 * What a storage finds that is made now must be this sample, or nothing. The storage is closed
 * again.
 */
export async function expectFound(
  medium: SnapshotMedium,
  expected: Sample | undefined,
  when: string,
): Promise<void> {
  const { storage, newest } = await openSnapshots(medium);
  if (expected === undefined) same(newest, undefined, `${when}: the newest snapshot`);
  else await expectSample(storage, newest, expected, when);
  await storage.close();
}

/** Which of the samples it is, whole; otherwise fails. */
export async function whichOf(
  storage: SnapshotStorage,
  meta: SnapshotMeta,
  samples: readonly Sample[],
  when: string,
): Promise<Sample> {
  const it =
    samples.find(({ index }) => index === meta.index) ??
    fail(`${when}: there is a snapshot at index ${meta.index}, which nobody wrote`);
  same(
    { bytes: meta.bytes, crc: meta.crc },
    { bytes: it.data.length, crc: crc32(it.data) },
    `${when}: bytes and crc of the snapshot at index ${meta.index}`,
  );
  await expectSample(storage, meta, it, when);
  return it;
}

/** All that a commit or an opening says of a snapshot, in one order. */
export function fieldsOf(meta: SnapshotMeta | undefined): unknown {
  if (meta === undefined) return undefined;
  const { snapshotId, index, term, configuration, configurationIndex, bytes, crc } = meta;
  return { snapshotId, index, term, configuration, configurationIndex, bytes, crc };
}

/** How much is stored, all files together. */
export async function bytesOn(medium: SnapshotMedium): Promise<number> {
  let sum = 0;
  for (const content of (await medium.files()).values()) sum += content.length;
  return sum;
}
