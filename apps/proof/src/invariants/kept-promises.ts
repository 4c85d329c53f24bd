// What a node acknowledged and what is committed by now is on its disk for good: in its log, or in
// a snapshot that stands for it (paper §5.4, §7). And a log never begins behind more than a
// snapshot on the same disk stands for. Looked at whenever the disk holds something else.
import type { Index } from "@raftkit/core";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";
import type { NodeView } from "./view.js";
import { isStored } from "./view.js";

interface Acknowledged {
  readonly index: Index;
  readonly chain: number;
}

interface Promised {
  /** The highest of those that are committed. */
  kept: Acknowledged;
  /** Acknowledged, and not known to be committed, or never to be. */
  open: Acknowledged[];
}

export function keptPromises(): Invariant {
  /** By data directory. */
  const nodes = new Map<string, Promised>();
  /** By index. */
  const committed: number[] = [0];

  function look(node: NodeView): void {
    const { id, incarnation, disk } = node;
    const { base } = disk.log;
    if (base.index > (disk.snapshot?.index ?? 0)) {
      throw new InvariantBroken(
        "kept-promises",
        `${id}'s log begins behind ${base.index}, but its snapshot stands for ${disk.snapshot?.index ?? 0} only`,
      );
    }
    const promised = nodes.get(incarnation);
    if (!promised) return;
    settle(promised);
    const { kept } = promised;
    if (!isStored(node, kept.index, kept.chain)) {
      throw new InvariantBroken(
        "kept-promises",
        `${id} acknowledged the entries up to ${kept.index}, which are committed, but its disk doesn't hold them any more`,
      );
    }
  }

  /** What is committed at an index by now decides what becomes of an acknowledgement. */
  function settle(promised: Promised): void {
    const { open } = promised;
    let left = 0;
    for (const one of open) {
      const chain = committed[one.index];
      if (chain === undefined) open[left++] = one;
      else if (chain === one.chain && one.index > promised.kept.index) promised.kept = one;
    }
    open.length = left;
  }

  return {
    started: look,
    durable: look,
    saved: look,
    committed({ log, commitIndex }, before) {
      for (let index = before + 1; index <= commitIndex; index++) {
        committed[index] ??= log.chain(index);
      }
    },
    truncating({ incarnation }, index) {
      // A later leader replaces what isn't committed; another one may commit it all the same.
      const promised = nodes.get(incarnation);
      if (!promised) return;
      settle(promised);
      promised.open = promised.open.filter((one) => one.index < index);
    },
    sending({ incarnation, log }, _to, message) {
      if (message.type !== "appendEntriesReply" || message.matchIndex === 0) return;
      const { matchIndex: index } = message;
      let promised = nodes.get(incarnation);
      if (!promised) {
        promised = { kept: { index: 0, chain: 0 }, open: [] };
        nodes.set(incarnation, promised);
      }
      const last = promised.open.at(-1);
      const chain = log.chain(index);
      if (index > promised.kept.index && (last?.index !== index || last.chain !== chain)) {
        promised.open.push({ index, chain });
      }
    },
  };
}
