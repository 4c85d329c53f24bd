// Faults in what the runtime does with snapshots: taking them, sending and receiving them, and what
// a start makes of them (hazards 40 to 44, 51). One changed place each.
import type { Mutant } from "../mutant.js";

const LANE = "packages/raftkit/src/snapshots.ts";
const TAKING = "packages/raftkit/src/snapshot-taker.ts";
const TRANSFER = "packages/raftkit/src/snapshot-transfer.ts";
const SOURCE = "packages/raftkit/src/snapshot-source.ts";
const OPENING = "packages/raftkit/src/opening.ts";
const SPACE = "packages/raftkit/src/disk-space.ts";

export const raftkitSnapshots: readonly Mutant[] = [
  // taking
  {
    id: "raftkit-100",
    file: TAKING,
    find: "return Math.min(Math.max(snapshotAfterBytes, this.#newest?.bytes ?? 0), maxLogBytes / 2);",
    replace: "return Math.max(snapshotAfterBytes, this.#newest?.bytes ?? 0) + 0 * maxLogBytes;",
    why: "a log is full before the next snapshot is due",
  },
  {
    id: "raftkit-101",
    file: TAKING,
    find: "return Math.min(Math.max(snapshotAfterBytes, this.#newest?.bytes ?? 0), maxLogBytes / 2);",
    replace: "return Math.min(snapshotAfterBytes, maxLogBytes / 2);",
    why: "a large state is written again and again: snapshots cost more writing than the log",
  },
  {
    id: "raftkit-102",
    file: TAKING,
    find: "this.#grownBytes = Math.max(0, this.#grownBytes - grownBytes);",
    replace: "this.#grownBytes = 0 * grownBytes;",
    why: "what is applied while a snapshot is written doesn't count for the next one",
  },
  {
    id: "raftkit-103",
    file: TAKING,
    find: "      for await (const _ of inSlices(readSnapshot(this.#storage, meta), this.#clock)) {\n        if (this.#stopped) throw ended();\n      }\n",
    replace: "",
    why: "a snapshot that can't be read back takes the log's place",
    rule: "commit",
  },
  {
    id: "raftkit-104",
    file: TAKING,
    find: "    while (this.#running) await this.#running.catch(() => {});\n",
    replace: "",
    why: "two snapshots are written at once",
  },
  {
    id: "raftkit-105",
    file: TAKING,
    find: "return newest && newest.index >= wanted ? newest : this.#start();",
    replace: "return newest && wanted > 0 ? newest : this.#start();",
    why: "a snapshot on request lacks what was applied before it was asked for",
  },
  {
    id: "raftkit-106",
    file: TAKING,
    find: "const retryMs = Math.min(RETRY_MIN_MS * 2 ** this.#failures, RETRY_MAX_MS);",
    replace: "const retryMs = Math.min(0 * 2 ** this.#failures, RETRY_MAX_MS);",
    why: "a snapshot that fails is tried again at once, for ever",
  },
  {
    id: "raftkit-107",
    file: TAKING,
    find: "      await sink.abort().catch(() => {});\n      throw error;",
    replace: "      throw error;",
    why: "a snapshot that failed leaves its file behind",
  },
  {
    id: "raftkit-108",
    file: TAKING,
    find: "if (this.#running || this.#cancelRetry || this.#stopped) return;",
    replace: "if (this.#running || this.#stopped) return;",
    why: "a snapshot that fails is tried again with each entry, whatever pause was announced",
  },
  {
    id: "raftkit-109",
    file: LANE,
    find: "      return machine.snapshot();\n",
    replace:
      "      const take = machine.snapshot.bind(machine);\n      return (async function* () {\n        yield* take();\n      })();\n",
    why: "the state is captured when it is written: what was applied since is in it (hazard 44)",
    rule: "commit",
  },
  {
    id: "raftkit-110",
    file: LANE,
    find: "bytes += run.bytes.length + run.count * ENTRY_OVERHEAD_BYTES;",
    replace: "bytes += run.bytes.length + 0 * run.count * ENTRY_OVERHEAD_BYTES;",
    why: "small entries count for less than in the log's bound, which is reached before one is due",
  },
  {
    id: "raftkit-111",
    file: LANE,
    find: "        this.#taker?.installed(input.snapshot);\n",
    replace: "",
    why: "what the leader's snapshot stands for is due for one of the follower's own",
  },
  {
    id: "raftkit-112",
    file: LANE,
    find: "        else this.#refuse(effect.install);\n",
    replace: "",
    why: "a node without a snapshot storage is silent about it, and its leader sends on",
  },
  {
    id: "raftkit-113",
    file: LANE,
    find: "    await Promise.all([this.#taker?.stop(), this.#receiver?.stop()]);",
    replace: "    void Promise.all([this.#taker?.stop(), this.#receiver?.stop()]);",
    why: "the storage is closed while a snapshot is written to it",
  },
  // sending and receiving
  {
    id: "raftkit-114",
    file: TRANSFER,
    find: "if (open?.snapshotId === snapshotId) return open.reader;",
    replace: "if (open) return open.reader;",
    why: "a follower is sent parts of the snapshot of an earlier attempt (hazard 41)",
  },
  {
    id: "raftkit-115",
    file: TRANSFER,
    find: "    void open?.reader.then((reader) => reader.close()).catch(() => {});",
    replace: "    void open;",
    why: "what was sent once stays on the disk for ever",
  },
  {
    id: "raftkit-116",
    file: TRANSFER,
    find: "    if (offset === 0) {\n      await this.#close();\n",
    replace: "    if (offset === 0) {\n",
    why: "an attempt that was given up leaves its file behind",
  },
  {
    id: "raftkit-117",
    file: TRANSFER,
    find: "    if (open.bytes !== bytes || open.crc !== crc) {",
    replace: "    if (open.bytes !== bytes || open.crc < 0 * crc) {",
    why: "a snapshot that was damaged on its way is installed (hazard 41)",
    rule: "commit",
  },
  {
    id: "raftkit-118",
    file: TRANSFER,
    find: "    if (open.bytes !== bytes || open.crc !== crc) {",
    replace: "    if (open.bytes < 0 * bytes * crc) {",
    why: "half a snapshot is installed (hazard 41)",
    rule: "commit",
  },
  {
    id: "raftkit-119",
    file: TRANSFER,
    find: "    this.#pins.set(await this.#storage.openReader(snapshot.snapshotId), snapshot.index);\n",
    replace: "",
    why: "a second install takes the first one away before the machine has it (hazard 41)",
  },
  {
    id: "raftkit-120",
    file: TRANSFER,
    find: '        this.#feed({ type: "snapshotRefused", install, reason: "failed" });\n',
    replace: "        void install;\n",
    why: "a follower that can't write a snapshot doesn't say so: its leader waits for it",
  },
  {
    id: "raftkit-121",
    file: TRANSFER,
    find: "    await this.#work;\n    await this.#close();\n",
    replace: "    await this.#close();\n",
    why: "a node ends while a part of a snapshot is written",
  },
  {
    id: "raftkit-122",
    file: TRANSFER,
    find: "    this.#work = this.#work.then(async () => {",
    replace: "    this.#work = Promise.resolve().then(async () => {",
    why: "parts of a snapshot are written beside each other",
  },
  // what a start finds
  {
    id: "raftkit-123",
    file: SOURCE,
    find: "    if (offset !== bytes || found !== crc) {",
    replace: "    if (offset !== bytes) {",
    why: "a machine is restored from other bytes than were stored (hazard 41)",
    rule: "commit",
  },
  {
    id: "raftkit-124",
    file: OPENING,
    find: "const isUsable = found !== undefined && found.index >= base.index;",
    replace: "const isUsable = found !== undefined;",
    why: "a machine is put where the log can't go on: what is between is nowhere on this node",
  },
  {
    id: "raftkit-125",
    file: OPENING,
    find: "    damage ??= await findDamage(storage, snapshot);\n",
    replace: "",
    why: "a damaged snapshot that the machine can't read keeps the node from starting, for good",
  },
  {
    id: "raftkit-126",
    file: OPENING,
    find: "    snapshots: { storage: snapshots, newest: undefined, grownBytes: 0 },",
    replace: "    snapshots: { storage: snapshots, newest: found, grownBytes: 0 },",
    why: "a damaged snapshot stands for the log's beginning",
  },
  {
    id: "raftkit-127",
    file: OPENING,
    find: "    if (base.index > 0) throw missingSnapshots(base.index);\n",
    replace: "",
    why: "a log that begins behind a snapshot is opened without it, and the machine lacks its state",
  },
  {
    id: "raftkit-128",
    file: OPENING,
    find: "grownBytes: logBytesOf(held) },",
    replace: "grownBytes: 0 * logBytesOf(held) },",
    why: "what a durable machine held at the start never counts: the log fills over restarts",
  },
  {
    id: "raftkit-129",
    file: SPACE,
    find: "    this.#listener(isShort);\n",
    replace: "    if (isShort) this.#listener(isShort);\n",
    why: "a disk that has room again refuses commands for good",
  },
  {
    id: "raftkit-161",
    file: TAKING,
    find: "if (this.#subject.completeIndex <= snapshot.index) this.#grownBytes = 0;",
    replace: "this.#grownBytes = 0;",
    why: "what a machine has applied beyond an installed snapshot never counts: the log fills",
  },
];
