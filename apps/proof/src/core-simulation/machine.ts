// The replicated state machine: a few keys with values and versions, and a hash that rolls over
// everything ever applied, so that two machines are equal exactly when their hashes are. Small and
// fast; it knows nothing of nodes.

export const commandOps = ["put", "delete", "cas"] as const;
export type CommandOp = (typeof commandOps)[number];

export interface Command {
  readonly op: CommandOp;
  readonly key: number;
  readonly value: number;
  /** Of a cas: what must be there. */
  readonly expected: number;
}

export interface Machine {
  hash: number;
  /** What the command that was applied last would write; 0: nothing. */
  lastValue: number;
  /** By key; 0: there is no such key. */
  readonly values: number[];
  /** By key: the index of the entry that wrote it. */
  readonly versions: number[];
  /** By index: whether the command there took effect. */
  readonly tookEffect: boolean[];
}

const COMMAND_BYTES = 10;

export function createMachine(keys: number): Machine {
  return {
    hash: 0,
    lastValue: 0,
    values: Array.from({ length: keys }, () => 0),
    versions: Array.from({ length: keys }, () => 0),
    tookEffect: [],
  };
}

export function copyMachine({ hash, lastValue, values, versions, tookEffect }: Machine): Machine {
  return {
    hash,
    lastValue,
    values: [...values],
    versions: [...versions],
    tookEffect: [...tookEffect],
  };
}

export function encodeCommand({ op, key, value, expected }: Command): Uint8Array {
  const bytes = new Uint8Array(COMMAND_BYTES);
  bytes[0] = commandOps.indexOf(op);
  bytes[1] = key;
  putNumber(bytes, 2, value);
  putNumber(bytes, 6, expected);
  return bytes;
}

/** Applies the command at this offset. Entries without one (`length` 0) change the hash alone. */
export function applyEntry(
  machine: Machine,
  index: number,
  term: number,
  bytes: Uint8Array,
  offset: number,
  isCommand: boolean,
): void {
  let hash = Math.imul(machine.hash ^ index, 0x9e3779b1) ^ term;
  machine.lastValue = 0;
  if (isCommand) {
    const op = commandOps[bytes[offset] ?? 0];
    const key = bytes[offset + 1] ?? 0;
    const value = numberAt(bytes, offset + 2);
    machine.lastValue = value;
    const before = machine.values[key] ?? 0;
    const holds =
      op === "put" || (op === "delete" ? before !== 0 : before === numberAt(bytes, offset + 6));
    if (holds) {
      machine.values[key] = op === "delete" ? 0 : value;
      machine.versions[key] = index;
    }
    machine.tookEffect[index] = holds;
    hash = Math.imul(hash ^ value ^ (key << 8) ^ (holds ? 1 : 0), 0x85ebca6b) ^ before;
  }
  machine.hash = hash ^ (hash >>> 15);
}

function putNumber(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function numberAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}
