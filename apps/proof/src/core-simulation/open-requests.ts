// What was asked of each node and has no end yet: proposals and reads that wait for a verdict,
// entries that wait to be applied, reads that wait until enough is applied.
import type { Index } from "@raftkit/core";
import type { Answers, Call } from "./answers.js";
import type { ClientEvents, Member } from "./world.js";

interface NodeRequests {
  /** By number: proposals and reads without a verdict. */
  readonly asked: Map<number, Call>;
  /** By index: entries that wait to be applied here. */
  readonly entries: Map<Index, Call[]>;
  /** Reads that wait until so much is applied. */
  reads: { readonly call: Call; readonly index: Index }[];
}

export interface OpenRequests extends ClientEvents {
  /** @returns the number under which the node is asked */
  take(member: Member, call: Call): number;
}

export function createOpenRequests(
  nodes: number,
  answers: Answers,
  broken: (check: string, message: string) => void,
): OpenRequests {
  const requests: NodeRequests[] = Array.from({ length: nodes }, () => ({
    asked: new Map(),
    entries: new Map(),
    reads: [],
  }));

  return {
    take(member, call) {
      const seq = member.nextSeq++;
      requests[member.number]?.asked.set(seq, call);
      return seq;
    },
    onProposal(member, effect) {
      const open = requests[member.number];
      for (let seq = effect.firstSeq; seq < effect.firstSeq + effect.count; seq++) {
        const found = open?.asked.get(seq);
        if (!open || !found) {
          broken(
            "proposals",
            `${member.id} ends its proposal ${seq} a second time: ${effect.type}`,
          );
          return;
        }
        open.asked.delete(seq);
        if (effect.type === "rejected") answers.finish(found, "refused");
        else if (effect.type === "unknown") answers.finish(found, "unknown");
        else {
          found.index = effect.firstIndex + seq - effect.firstSeq;
          found.term = effect.term;
          if (member.log.base.index >= found.index) answers.finish(found, "unknown");
          else if (member.lastApplied >= found.index) {
            answers.settle(member, found, found.index, member.log.term(found.index));
          } else open.entries.set(found.index, [...(open.entries.get(found.index) ?? []), found]);
        }
      }
    },
    onRead(member, effect) {
      const open = requests[member.number];
      const found = open?.asked.get(effect.id);
      if (!open || !found) {
        broken("reads", `${member.id} ends its read ${effect.id} a second time: ${effect.type}`);
        return;
      }
      open.asked.delete(effect.id);
      if (effect.type === "readRejected") answers.finish(found, "refused");
      else if (member.lastApplied >= effect.index) answers.answerRead(member, found);
      else open.reads.push({ call: found, index: effect.index });
    },
    onApplied(member, index, term) {
      const open = requests[member.number];
      if (!open) return;
      const waiting = open.entries.get(index);
      if (waiting) {
        open.entries.delete(index);
        for (const found of waiting) answers.settle(member, found, index, term);
      }
      if (open.reads.length === 0 || !open.reads.some((read) => read.index <= index)) return;
      const { reads } = open;
      open.reads = reads.filter((read) => read.index > index);
      for (const read of reads) if (read.index <= index) answers.answerRead(member, read.call);
    },
    onRestored(member) {
      const open = requests[member.number];
      if (!open) return;
      // Nobody here has seen what became of them.
      for (const [index, waiting] of open.entries) {
        if (index > member.lastApplied) continue;
        open.entries.delete(index);
        for (const found of waiting) answers.finish(found, "unknown");
      }
      const { reads } = open;
      open.reads = reads.filter((one) => one.index > member.lastApplied);
      for (const one of reads) {
        if (one.index <= member.lastApplied) answers.answerRead(member, one.call);
      }
    },
    onStopped(member) {
      const open = requests[member.number];
      if (!open) return;
      const left = [
        ...open.asked.values(),
        ...[...open.entries.values()].flat(),
        ...open.reads.map((read) => read.call),
      ];
      open.asked.clear();
      open.entries.clear();
      open.reads = [];
      for (const found of left) answers.finish(found, "unknown");
    },
  };
}
