// What was asked of each node and has no end yet: proposals and reads that wait for a verdict,
// entries that wait to be applied, reads that wait until enough is applied.
import type { Index } from "@raftkit/core";
import type { Answers, Call } from "./answers.js";
import type { ClientEvents, Member } from "./world.js";

interface Desk {
  /** By number: proposals and reads without a verdict. */
  readonly asked: Map<number, Call>;
  /** By index: entries that wait to be applied here. */
  readonly entries: Map<Index, Call[]>;
  /** Reads that wait until so much is applied. */
  reads: { readonly call: Call; readonly index: Index }[];
}

export interface Desks extends ClientEvents {
  /** @returns the number under which the node is asked */
  take(member: Member, call: Call): number;
}

export function createDesks(
  nodes: number,
  answers: Answers,
  broken: (check: string, message: string) => void,
): Desks {
  const desks: Desk[] = Array.from({ length: nodes }, () => ({
    asked: new Map(),
    entries: new Map(),
    reads: [],
  }));

  return {
    take(member, call) {
      const seq = member.nextSeq++;
      desks[member.number]?.asked.set(seq, call);
      return seq;
    },
    onProposal(member, effect) {
      const desk = desks[member.number];
      for (let seq = effect.firstSeq; seq < effect.firstSeq + effect.count; seq++) {
        const found = desk?.asked.get(seq);
        if (!desk || !found) {
          broken(
            "proposals",
            `${member.id} ends its proposal ${seq} a second time: ${effect.type}`,
          );
          return;
        }
        desk.asked.delete(seq);
        if (effect.type === "rejected") answers.finish(found, "refused");
        else if (effect.type === "unknown") answers.finish(found, "unknown");
        else {
          found.index = effect.firstIndex + seq - effect.firstSeq;
          found.term = effect.term;
          if (member.lastApplied >= found.index) {
            answers.settle(member, found, found.index, member.log.term(found.index));
          } else desk.entries.set(found.index, [...(desk.entries.get(found.index) ?? []), found]);
        }
      }
    },
    onRead(member, effect) {
      const desk = desks[member.number];
      const found = desk?.asked.get(effect.id);
      if (!desk || !found) {
        broken("reads", `${member.id} ends its read ${effect.id} a second time: ${effect.type}`);
        return;
      }
      desk.asked.delete(effect.id);
      if (effect.type === "readRejected") answers.finish(found, "refused");
      else if (member.lastApplied >= effect.index) answers.answerRead(member, found);
      else desk.reads.push({ call: found, index: effect.index });
    },
    onApplied(member, index, term) {
      const desk = desks[member.number];
      if (!desk) return;
      const waiting = desk.entries.get(index);
      if (waiting) {
        desk.entries.delete(index);
        for (const found of waiting) answers.settle(member, found, index, term);
      }
      if (desk.reads.length === 0 || !desk.reads.some((read) => read.index <= index)) return;
      const { reads } = desk;
      desk.reads = reads.filter((read) => read.index > index);
      for (const read of reads) if (read.index <= index) answers.answerRead(member, read.call);
    },
    onStopped(member) {
      const desk = desks[member.number];
      if (!desk) return;
      const left = [
        ...desk.asked.values(),
        ...[...desk.entries.values()].flat(),
        ...desk.reads.map((read) => read.call),
      ];
      desk.asked.clear();
      desk.entries.clear();
      desk.reads = [];
      for (const found of left) answers.finish(found, "unknown");
    },
  };
}
