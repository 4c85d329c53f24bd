// A leader's answers to other nodes' forwards, so that a copy is never appended twice.
import type { Refusal } from "../protocol/messages.js";
import type { Index, Sender, Term } from "../types.js";

export type Verdict = { readonly count: number } & (
  | { readonly firstIndex: Index }
  | { readonly refused: Refusal }
);

const VERDICTS_MAX = 4096;

const SENDERS_MAX = 256;

/**
 * A leader's answers to forwards, kept until its next leadership; bounded: what is older is
 * forgotten and never answered.
 */
export class ForwardDedup {
  #term: Term = 0;
  readonly #senders = new Map<
    string,
    { run: number; floor: number; verdicts: Map<number, Verdict> }
  >();

  get term(): Term {
    return this.#term;
  }

  begin(term: Term): void {
    this.#term = term;
    this.#senders.clear();
  }

  /**
   * What was answered to this number; undefined: it is new; "forgotten": an earlier copy may have
   * been accepted.
   */
  find(from: Sender, firstSeq: number): Verdict | undefined | "forgotten" {
    const sender = this.#senders.get(`${from.id}/${from.incarnation}`);
    if (!sender) return this.#senders.size < SENDERS_MAX ? undefined : "forgotten";
    if (sender.run !== from.run) return sender.run < from.run ? undefined : "forgotten";
    return sender.verdicts.get(firstSeq) ?? (firstSeq < sender.floor ? "forgotten" : undefined);
  }

  remember(from: Sender, firstSeq: number, verdict: Verdict): void {
    const key = `${from.id}/${from.incarnation}`;
    let sender = this.#senders.get(key);
    if (sender?.run !== from.run) {
      sender = { run: from.run, floor: 0, verdicts: new Map() };
      this.#senders.set(key, sender);
    }
    sender.verdicts.set(firstSeq, verdict);
    if (sender.verdicts.size <= VERDICTS_MAX) return;
    for (const [oldest, { count }] of sender.verdicts) {
      sender.verdicts.delete(oldest);
      sender.floor = Math.max(sender.floor, oldest + count);
      return;
    }
  }
}
