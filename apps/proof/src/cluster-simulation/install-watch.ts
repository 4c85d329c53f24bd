// Snapshots that travel, for the coverage matrix: to whom one is sent, by what its log was when the
// first part was written, and each kind of trouble until it is taken over or given up. It judges
// nothing.
import type { Codec, Index, SnapshotPosition, Term } from "@raftkit/core";
import { decodeFrame } from "@raftkit/core";
import type { Packet, PacketEvent } from "@raftkit/simulation";
import type { Coverage, InstallCase, InstallTrouble } from "../plans/coverage.js";
import type { Fault, FaultKind } from "../plans/plan.js";
import type { LogView } from "../invariants/view.js";
import type { Computer } from "./computer.js";

/** A leadership's attempt. */
interface Attempt {
  readonly term: Term;
  readonly attempt: number;
}

interface Receiving {
  readonly index: Index;
  readonly installed: InstallCase;
  readonly attempt: Attempt | undefined;
  isTroubled: boolean;
  /** It is durable, and its node knows that. */
  isTold: boolean;
}

interface Part extends Attempt {
  readonly to: Computer;
  readonly isLate: boolean;
  /** Copies under way. */
  left: number;
}

export interface InstallWatch {
  packet(what: PacketEvent, packet: Packet): void;
  /** The leader's is begun. @param log of its node, in memory */
  began(computer: Computer, position: SnapshotPosition, log: LogView): void;
  committed(computer: Computer, index: Index): void;
  /** Its disk holds something else. */
  durable(computer: Computer): void;
  /** What an operation on its snapshots met. */
  noteTrouble(computer: Computer, trouble: InstallTrouble): void;
  /** Whoever is being sent one was given what isn't the leader's snapshot. */
  noteSource(): void;
  ended(computer: Computer): void;
  /** Readers of this computer's snapshots. */
  reading(computer: Computer, readers: number): void;
  isAt(computer: Computer, stage: Exclude<Fault["duringInstall"], "taking" | undefined>): boolean;
}

export function createInstallWatch(
  computers: readonly Computer[],
  codec: Codec,
  coverage: Coverage,
  /** The log of all that is committed. */
  committedLog: LogView,
  disturbances: (from: string, to: string) => readonly FaultKind[],
  changed: () => void,
): InstallWatch {
  const receiving = new Map<Computer, Receiving>();
  const heard = new Map<Computer, Attempt>();
  const readers = new Map<Computer, number>();
  /** Of all of them. */
  let reading = 0;
  /** By packet. */
  const parts = new Map<number, Part>();

  function note(computer: Computer, trouble: InstallTrouble): void {
    const found = receiving.get(computer);
    if (!found) return;
    found.isTroubled = true;
    coverage.countInstall(found.installed, trouble);
  }

  function sent({ from, to, frame, number }: Packet): void {
    if (frame.length < PART_BYTES_MIN || (receiving.size === 0 && reading === 0)) return;
    const message = decodeFrame(codec, frame);
    const receiver = computers.find(({ id }) => id === to);
    if (message?.type !== "installSnapshot" || !receiver) return;
    const { term, attempt } = message;
    const isLate = disturbances(from.id, to).some((kind) => LATE.has(kind));
    parts.set(number, { to: receiver, term, attempt, isLate, left: 1 });
  }

  function delivered(part: Part): void {
    if (part.isLate) note(part.to, "late");
    const present = receiving.get(part.to)?.attempt;
    if (present && (present.term !== part.term || present.attempt !== part.attempt)) {
      note(part.to, "mixed");
    }
    heard.set(part.to, part);
  }

  /**
   * Whether it is taken over: its log goes on behind it, or leads up to it, and that is durable.
   */
  function check(computer: Computer): void {
    const found = receiving.get(computer);
    if (!found?.isTold) return;
    const { log, snapshot } = computer.disk.durable;
    if (log.chain(found.index) !== snapshot?.content?.entries.chain(found.index)) return;
    if (!found.isTroubled) coverage.countInstall(found.installed, "nothing");
    receiving.delete(computer);
    changed();
  }

  function isSaved(computer: Computer): boolean {
    const found = receiving.get(computer);
    return found !== undefined && (computer.disk.durable.snapshot?.index ?? 0) >= found.index;
  }

  /** Whether all that it holds is committed, up to there. */
  function isPrefix(log: LogView, index: Index): boolean {
    return log.lastIndex <= index && committedLog.chain(log.lastIndex) === log.chain(log.lastIndex);
  }

  return {
    packet(what, packet) {
      if (what === "sent") {
        sent(packet);
        return;
      }
      const part = parts.get(packet.number);
      if (!part) return;
      if (what === "doubled") {
        part.left = 2;
        note(part.to, "doubled");
      } else if (what === "delivered") delivered(part);
      else if (what === "lost") note(part.to, "lost");
      if ((what === "delivered" || what === "lost" || what === "corrupted") && --part.left <= 0) {
        parts.delete(packet.number);
      }
    },
    began(computer, { index, term }, log) {
      const before = receiving.get(computer);
      const attempt = heard.get(computer);
      if (before) {
        note(computer, before.attempt?.term === attempt?.term ? "newAttempt" : "newLeader");
      }
      receiving.set(computer, {
        index,
        attempt,
        installed: computer.status?.lacksSnapshot
          ? "damaged"
          : log.term(index) === term || isPrefix(log, index)
            ? "behind"
            : "conflicting",
        isTroubled: false,
        isTold: false,
      });
      changed();
    },
    committed(computer, index) {
      const found = receiving.get(computer);
      if (found?.index !== index) return;
      found.isTold = true;
      changed();
      check(computer);
    },
    durable: check,
    noteTrouble: note,
    noteSource() {
      for (const computer of receiving.keys()) note(computer, "source");
    },
    ended(computer) {
      note(computer, isSaved(computer) ? "halfway" : "crash");
      receiving.delete(computer);
      heard.delete(computer);
      reading -= readers.get(computer) ?? 0;
      readers.delete(computer);
    },
    reading(computer, count) {
      reading += count - (readers.get(computer) ?? 0);
      readers.set(computer, count);
    },
    isAt: (computer, stage) =>
      stage === "receiving" ? receiving.has(computer) : isSaved(computer),
  };
}

/** A part names who votes: no shorter message is one. */
const PART_BYTES_MIN = 100;

const LATE: ReadonlySet<FaultKind> = new Set<FaultKind>(["delay", "reorder", "slowLink"]);
