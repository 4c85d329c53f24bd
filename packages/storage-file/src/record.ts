// What a frame's payload holds: the operations of one write, one after another, and checkpoints.
//
//   record  = kind u8 | 0 u24 | count u32 | a u48, 0 u16 | b u48, 0 u16 | data length u32 | 0 u32 | data
//
// 32 bytes of header each. `a` and `b` are index, term or run, as `kind` says; data is entries or
// the ids.
import type { LogOperation, LogState, Member } from "@raftkit/core";
import { getUint48, setUint48 } from "./numbers.js";

/**
 * All that is known before a segment's first operation, so that the segments before it can go. The
 * first record of each segment.
 */
export interface Checkpoint {
  readonly type: "checkpoint";
  readonly run: number;
  readonly state: LogState;
}
export type LogRecord = LogOperation | Checkpoint;

export const RECORD_HEADER_BYTES = 32;
const CHECKPOINT_BYTES = 24;
const Kind = {
  hardState: 1,
  append: 2,
  truncateFrom: 3,
  compactThrough: 4,
  resetTo: 5,
  checkpoint: 6,
} as const;

/** Where a record's data comes from: bytes of an entry run are never copied here. */
export function dataBytes(record: LogRecord): number {
  switch (record.type) {
    case "append":
      return record.run.bytes.length;
    case "hardState":
      return memberBytes(record.hardState.votedFor);
    case "checkpoint":
      return CHECKPOINT_BYTES + memberBytes(record.state.hardState.votedFor);
    default:
      return 0;
  }
}

/** Writes a record's header and, but for an append, its data. @returns where the next byte goes */
export function encodeRecord(
  record: LogRecord,
  bytes: Uint8Array,
  view: DataView,
  offset: number,
): number {
  bytes.fill(0, offset, offset + RECORD_HEADER_BYTES);
  bytes[offset] = Kind[record.type];
  view.setUint32(offset + 24, dataBytes(record), true);
  const data = offset + RECORD_HEADER_BYTES;
  switch (record.type) {
    case "append":
      view.setUint32(offset + 4, record.run.count, true);
      setUint48(view, offset + 8, record.run.firstIndex);
      return data;
    case "hardState":
      setUint48(view, offset + 8, record.hardState.currentTerm);
      return encodeMember(record.hardState.votedFor, bytes, data);
    case "truncateFrom":
      setUint48(view, offset + 8, record.index);
      return data;
    case "compactThrough":
    case "resetTo":
      setUint48(view, offset + 8, record.index);
      setUint48(view, offset + 16, record.term);
      return data;
    case "checkpoint":
      setUint48(view, offset + 8, record.run);
      setUint48(view, offset + 16, record.state.lastIndex);
      setUint48(view, data, record.state.base.index);
      setUint48(view, data + 8, record.state.base.term);
      setUint48(view, data + 16, record.state.hardState.currentTerm);
      bytes
        .fill(0, data + 6, data + 8)
        .fill(0, data + 14, data + 16)
        .fill(0, data + 22, data + 24);
      return encodeMember(record.state.hardState.votedFor, bytes, data + CHECKPOINT_BYTES);
  }
}

/**
 * @returns the records between two offsets, their runs as views of `bytes`; undefined when they
 * make no sense
 */
export function decodeRecords(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  to: number,
): LogRecord[] | undefined {
  const records: LogRecord[] = [];
  let offset = from;
  while (to - offset >= RECORD_HEADER_BYTES) {
    const data = offset + RECORD_HEADER_BYTES;
    const end = data + view.getUint32(offset + 24, true);
    const record = end <= to ? decodeRecord(bytes, view, offset, data, end) : undefined;
    if (record === undefined) return undefined;
    records.push(record);
    offset = end;
  }
  return records;
}

function decodeRecord(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  data: number,
  end: number,
): LogRecord | undefined {
  const a = getUint48(view, offset + 8);
  const b = getUint48(view, offset + 16);
  switch (bytes[offset]) {
    case Kind.append:
      return {
        type: "append",
        run: {
          firstIndex: a,
          count: view.getUint32(offset + 4, true),
          bytes: new Uint8Array(bytes.buffer, bytes.byteOffset + data, end - data),
        },
      };
    case Kind.hardState: {
      const votedFor = decodeMember(bytes, data, end);
      if (votedFor === undefined) return undefined;
      return { type: "hardState", hardState: { currentTerm: a, votedFor } };
    }
    case Kind.truncateFrom:
      return { type: "truncateFrom", index: a };
    case Kind.compactThrough:
      return { type: "compactThrough", index: a, term: b };
    case Kind.resetTo:
      return { type: "resetTo", index: a, term: b };
    case Kind.checkpoint: {
      if (end - data < CHECKPOINT_BYTES) return undefined;
      const base = { index: getUint48(view, data), term: getUint48(view, data + 8) };
      const votedFor = decodeMember(bytes, data + CHECKPOINT_BYTES, end);
      if (votedFor === undefined) return undefined;
      const hardState = { currentTerm: getUint48(view, data + 16), votedFor };
      return { type: "checkpoint", run: a, state: { base, hardState, lastIndex: b } };
    }
    default:
      return undefined;
  }
}

/** `id/incarnation`: both are ASCII by contract, never empty and without a slash. None: no vote. */
function encodeMember(member: Member | null, bytes: Uint8Array, offset: number): number {
  if (member === null) return offset;
  const text = `${member.id}/${member.incarnation}`;
  for (let i = 0; i < text.length; i++) bytes[offset + i] = text.charCodeAt(i);
  return offset + text.length;
}

function memberBytes(member: Member | null): number {
  return member === null ? 0 : member.id.length + 1 + member.incarnation.length;
}

function decodeMember(bytes: Uint8Array, from: number, to: number): Member | null | undefined {
  if (from === to) return null;
  const [id, incarnation, ...more] = String.fromCharCode(...bytes.subarray(from, to)).split("/");
  return id && incarnation && more.length === 0 ? { id, incarnation } : undefined;
}
