// How an operation reaches the cluster: by one request, or, if it is a write in a session, by
// several with the same Idempotency-Key, also when it was answered. Whatever the number of
// requests, it is one operation, and has one answer.
import type { KeyValueInput } from "@raftkit/linearizability";
import { nodeName } from "../faults/fault-names.js";
import type { Random } from "../random.js";
import type { Call, Caller } from "./http-call.js";
import { callOf, outcomeOf } from "./operations.js";
import type { Consistency, Outcome } from "./operations.js";

export interface Sent {
  readonly outcome: Outcome;
  /** When it was known. */
  readonly completed: number;
}

/** @param consistency of a read */
export type Send = (input: KeyValueInput, consistency?: Consistency) => Promise<Sent>;

export interface SenderOptions {
  /** By number from 0. */
  readonly addresses: readonly string[];
  /** The numbers of those who are there now. Default: all. */
  readonly present?: () => readonly number[];
  readonly random: Random;
  readonly caller: Caller;
  readonly now: () => number;
  /** A node has acknowledged a write; `atMs`: when it was asked. */
  readonly onAcknowledged: (node: number, atMs: number) => void;
}

/** What was written in sessions, of all clients together. */
export interface SessionCounts {
  opened: number;
  /** Operations, each with a number of its own. */
  writes: number;
  /** Requests beyond the first one of an operation, and those that were answered. */
  repeats: number;
  answeredRepeats: number;
  /** Answers of one number that differ, in words. */
  readonly disagreements: string[];
}

/** One request. */
interface Attempt {
  readonly node: number;
  readonly outcome: Outcome;
  readonly completed: number;
}

/** A write in a session that was answered. */
interface Answered {
  readonly number: number;
  readonly key: string;
  readonly input: KeyValueInput;
  readonly first: Attempt;
}

/** With as many requests it is given up, if none was answered. */
const MAX_REQUESTS = 4;
/** Two requests at once, for so many writes. */
const AT_ONCE = 0.3;
/** After so many writes an earlier one is sent again. */
const LATE_REPEAT = 0.25;
/** An earlier one is at most so many numbers back: a server remembers 64, these included. */
const NUMBERS_BACK = 48;
const MAX_DISAGREEMENTS = 20;

/** Each operation by one request, to any node. */
export function plainSender(options: SenderOptions): Send {
  return (input, consistency) => attempt(options, input, callOf(input, consistency));
}

/** @param counts added to */
export function sessionSender(options: SenderOptions, counts: SessionCounts): Send {
  const { random, now } = options;
  const plain = plainSender(options);
  let answered: readonly Answered[] = [];
  let session: number | undefined;
  let number = 0;

  async function write(key: string, input: KeyValueInput): Promise<Sent> {
    const wanted = 2 + random.integer(2);
    const atOnce = random.chance(AT_ONCE) ? 2 : 1;
    const send = (): Promise<Attempt> => attempt(options, input, keyed(input, key));
    const attempts = await Promise.all(Array.from({ length: atOnce }, send));
    while (attempts.length < wanted || (!attempts.some(isDone) && attempts.length < MAX_REQUESTS)) {
      attempts.push(await send());
    }
    counts.repeats += attempts.length - 1;
    const done = attempts.filter(isDone).toSorted((a, b) => a.completed - b.completed);
    const [first] = done;
    if (first === undefined) return leastKnown(attempts);
    counts.answeredRepeats += done.length - 1;
    for (const one of attempts) compare(counts, key, input, first, one);
    answered = [...answered, { number, key, input, first }];
    return first;
  }

  /** What was answered long ago has the same answer still, whatever happened since. */
  async function repeatEarlier(): Promise<void> {
    answered = answered.filter((one) => one.number > number - NUMBERS_BACK);
    const earlier = answered[random.integer(answered.length)];
    if (earlier === undefined) return;
    const { key, input, first } = earlier;
    counts.repeats++;
    const again = await attempt(options, input, keyed(input, key));
    if (isDone(again)) counts.answeredRepeats++;
    compare(counts, key, input, first, again);
  }

  return async (input, consistency) => {
    if (input.op === "get") return plain(input, consistency);
    session ??= await openSession(options);
    if (session === undefined) {
      return { outcome: { kind: "refused", why: "no session" }, completed: now() };
    }
    if (number === 0) counts.opened++;
    counts.writes++;
    const sent = await write(`${session}-${++number}`, input);
    if (random.chance(LATE_REPEAT)) await repeatEarlier();
    return sent;
  };
}

function anyNode({ addresses, present, random }: SenderOptions): number {
  return random.pick(present?.() ?? [...addresses.keys()]);
}

async function attempt(options: SenderOptions, input: KeyValueInput, call: Call): Promise<Attempt> {
  const { addresses, caller, now, onAcknowledged } = options;
  const node = anyNode(options);
  const atMs = now();
  const outcome = outcomeOf(input, await caller.call(addresses[node] ?? "", call));
  if (outcome.kind === "done" && input.op !== "get") onAcknowledged(node, atMs);
  return { node, outcome, completed: now() };
}

/** @returns undefined: not now */
async function openSession(options: SenderOptions): Promise<number | undefined> {
  const address = options.addresses[anyNode(options)] ?? "";
  const reply = await options.caller.call(address, { method: "POST", path: "/v1/sessions" });
  if (reply.kind !== "answer" || reply.status !== 201) return undefined;
  const digits = /^\{"session":(\d+)\}\s*$/.exec(reply.body)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function keyed(input: KeyValueInput, key: string): Call {
  const call = callOf(input);
  return { ...call, headers: { ...call.headers, "idempotency-key": key } };
}

function isDone({ outcome }: Attempt): boolean {
  return outcome.kind === "done";
}

/** Of none that was answered: one that may have been carried out speaks for all. */
function leastKnown(attempts: readonly Attempt[]): Attempt {
  const [last] = attempts.toReversed();
  const doubtful = attempts.find(({ outcome }) => outcome.kind !== "refused");
  const found = doubtful ?? last;
  if (found === undefined) throw new RangeError("nothing was sent");
  return found;
}

/** Only answers can differ: what was refused or lost says nothing. */
function compare(
  { disagreements }: SessionCounts,
  key: string,
  input: KeyValueInput,
  first: Attempt,
  again: Attempt,
): void {
  const [one, other] = [answerText(first.outcome), answerText(again.outcome)];
  if (other === undefined || one === other || disagreements.length >= MAX_DISAGREEMENTS) return;
  disagreements.push(
    `${input.op} of ${JSON.stringify(input.key)} under ${key}: ${nodeName(first.node)} answered ${one}, ${nodeName(again.node)} ${other}`,
  );
}

function answerText(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case "done":
      return JSON.stringify(outcome.output);
    case "wrong":
      return outcome.why;
    case "refused":
    case "unknown":
      return undefined;
  }
}
