// The places where wrong transports differ from the toy: its choices, and the right ones.
import type { Socket } from "node:net";
import { RaftkitError } from "@raftkit/core";
import type { LocalNode } from "@raftkit/core";
import { joined } from "../../src/bytes.js";

/** The choices in which a wrong transport differs. */
export interface Ways {
  readonly join: (parts: readonly Uint8Array[]) => Uint8Array;
  /** Why these two don't belong together. */
  readonly mismatch: (ours: LocalNode, theirs: LocalNode) => string | undefined;
  readonly startError: (error: Error) => Error;
  /** Whether a frame may wait, given what waits on its connection. */
  readonly hasRoom: (waitingBytes: number, frameBytes: number) => boolean;
  /** Whether a frame that had no room is reported. */
  readonly reportsFull: boolean;
  /**
   * After which kinds of lost connections a peer is dialled again, given how many open ones were
   * lost.
   */
  readonly redials: (wasOpen: boolean, losses: number) => boolean;
  /** What is done about bytes that are no record. */
  readonly badRecord: (socket: Socket) => void;
  readonly helloComesWhole: boolean;
  readonly checksum: boolean;
  readonly deliversRestAtEnd: boolean;
  readonly noticesSilence: boolean;
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
  hasRoom: (waitingBytes, frameBytes) => waitingBytes + frameBytes <= LIMITS.maxQueueBytes,
  redials: () => true,
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
  noticesSilence: true,
  drainsFirst: false,
  hangsUp: true,
  keepsListening: false,
  disconnects: true,
  keepsOutMs: 60,
};
