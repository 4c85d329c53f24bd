// The places where wrong transports differ from the toy: its choices, and the right ones.
import type { Socket } from "node:net";
import { RaftkitError } from "@raftkit/core";
import type { LocalNode, NodeId, Sender } from "@raftkit/core";
import { joined } from "../../src/bytes.js";

/** The choices in which a wrong transport differs. */
export interface Ways {
  readonly join: (parts: readonly Uint8Array[]) => Uint8Array;
  /** Why these two don't belong together. */
  readonly mismatch: (
    ours: LocalNode,
    theirs: LocalNode,
    /** Undefined: they dialled; null: they are at a seed. */
    dialled: NodeId | null | undefined,
  ) => string | undefined;
  readonly startError: (error: Error) => Error;
  /** The largest frame, and what may wait for one peer. */
  readonly limits: { readonly maxFrameBytes: number; readonly maxQueueBytes: number };
  /** Whether a frame may wait, given what waits on its connection, and on all. */
  readonly hasRoom: (waitingBytes: number, frameBytes: number, allBytes: number) => boolean;
  /** Larger frames travel in pieces of so many bytes, and small ones go in between. */
  readonly pieceBytes: number;
  /** How many small frames may go before a large one that waits. */
  readonly smallOnesBetween: number;
  /** When the first piece of a large frame is sent. */
  readonly startsPieces: (start: () => void) => void;
  /** How many pieces may be on their way. */
  readonly piecesUnderWay: number;
  /** Whether a frame that had no room is reported. */
  readonly reportsFull: boolean;
  /**
   * After which kinds of lost connections a peer is dialled again, given how many open ones were
   * lost.
   */
  readonly redials: (wasOpen: boolean, losses: number) => boolean;
  /** Whether a seed is dialled again, after an open connection or an attempt. */
  readonly seeksOn: (wasOpen: boolean) => boolean;
  /** Whether it tells itself from others. */
  readonly knowsItself: boolean;
  /** The pause before an attempt, given how many have failed in a row. */
  readonly redialMs: (failures: number) => number;
  /** As whose the frames on a dialled connection count. */
  readonly credited: (introduced: Sender, dialled: NodeId | undefined) => Sender | undefined;
  /** Whether frames of nobody are taken, and from whom. */
  readonly nobody: Sender | undefined;
  /** What becomes of who introduces itself again: undefined, it is cut off. */
  readonly introducedAgain: (before: Sender, again: Sender) => Sender | undefined;
  readonly parseHello: (text: string) => LocalNode | undefined;
  /** Whether this one is cut off because that one was. */
  readonly isCutOff: (who: Sender, disconnected: Sender) => boolean;
  /** Whether this one is kept out because that one was cut off. */
  readonly isKeptOut: (who: Sender, disconnected: Sender) => boolean;
  /** Whether who comes cuts the connection of this one. */
  readonly replaces: (comes: Sender, known: Sender) => boolean;
  /** Told how much a record that has begun will have. */
  readonly announced: (bytes: number) => void;
  /** Told what a connection says first. */
  readonly firstBytes: (chunk: Buffer) => void;
  /** What is done about bytes that are no record. */
  readonly badRecord: (socket: Socket) => void;
  readonly helloComesWhole: boolean;
  readonly checksum: boolean;
  readonly deliversRestAtEnd: boolean;
  /** Of whom was dialled; null: who is at a seed; undefined: who dialled. */
  readonly noticesSilence: (dialled: NodeId | null | undefined) => boolean;
  /** How `close` ends a connection, on which the beginning of a frame may have come. */
  readonly end: (socket: Socket, amidFrame: boolean) => void;
  /** Whether `close` first waits until every peer is there and has everything. */
  readonly drainsFirst: boolean;
  /** Whether `close` ends connections that came in. */
  readonly hangsUp: boolean;
  readonly keepsListening: boolean;
  readonly disconnects: boolean;
  readonly keepsOutMs: number;
}

export const LIMITS = { maxFrameBytes: 300_000, maxQueueBytes: 600_000 } as const;
export const rightWays: Ways = {
  join: joined,
  mismatch: (ours, theirs) =>
    ours.clusterId !== theirs.clusterId
      ? "another cluster"
      : ours.codec !== theirs.codec
        ? "another codec"
        : undefined,
  startError: (error) =>
    new RaftkitError("ADDRESS_IN_USE", `can't listen: ${error.message}`, { cause: error }),
  limits: LIMITS,
  hasRoom: (waitingBytes, frameBytes) => waitingBytes + frameBytes <= LIMITS.maxQueueBytes,
  pieceBytes: 16 * 1024,
  smallOnesBetween: Infinity,
  startsPieces: (start) => {
    start();
  },
  piecesUnderWay: 2,
  redialMs: () => 15,
  credited: (introduced, dialled) =>
    dialled === undefined || dialled === introduced.id ? introduced : undefined,
  nobody: undefined,
  introducedAgain: () => undefined,
  parseHello,
  isCutOff: (who, disconnected) => keyOf(who) === keyOf(disconnected),
  isKeptOut: (who, disconnected) => keyOf(who) === keyOf(disconnected),
  replaces: () => false,
  announced: () => undefined,
  firstBytes: () => undefined,
  redials: () => true,
  seeksOn: () => true,
  knowsItself: true,
  badRecord: (socket) => {
    socket.destroy();
  },
  end: (socket) => {
    socket.destroy();
  },
  reportsFull: true,
  helloComesWhole: false,
  checksum: true,
  deliversRestAtEnd: false,
  noticesSilence: () => true,
  drainsFirst: false,
  hangsUp: true,
  keepsListening: false,
  disconnects: true,
  keepsOutMs: 60,
};

/** Checks everything that it promises: a stranger may say anything. */
export function parseHello(text: string): LocalNode | undefined {
  let hello: unknown;
  try {
    hello = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof hello !== "object" || hello === null || Array.isArray(hello)) return undefined;
  const fields = new Map<string, unknown>(Object.entries(hello));
  const named = ["id", "clusterId", "codec", "incarnation", "address"].every((field) => {
    const value = fields.get(field);
    return typeof value === "string" && value.length > 0 && value.length <= 256;
  });
  const run = fields.get("run");
  return named && Number.isSafeInteger(run) && Number(run) > 0 ? (hello as LocalNode) : undefined;
}

export function keyOf({ id, incarnation, run }: Sender): string {
  return `${id} ${incarnation} ${run}`;
}
