// The load, and what it must see: clients that write and read on any node, one call at a time, and write down what they
// were told. A call whose end isn't known stays open for ever, and its client goes on under another name. At the end the
// history must be linearizable; before that, each answer must be newer than all that were given before its call began.
import type { Effect, Index, Term } from "@raftkit/core";
import type { KeyValueInput, KeyValueOutput, Operation } from "@raftkit/linearizability";
import type { SeededRandom } from "../../random.js";
import type { Plan } from "../plan.js";
import { encodeCommand } from "./machine.js";
import { createOnce } from "./once.js";
import { createRefusals } from "./refusals.js";
import type { Member, World } from "./world.js";

export type Ends = "answered" | "refused" | "unknown";

interface Call {
  readonly client: string;
  readonly invoked: number;
  completed: number;
  readonly input: KeyValueInput;
  output?: KeyValueOutput;
  readonly key: number;
  readonly isRead: boolean;
  /** What was answered before it began reached up to here. */
  readonly floor: Index;
  end: Ends | undefined;
  onEnd(end: Ends): void;
  /** Where its entry stands, once that is known. */
  index: Index;
  term: Term;
}

export interface Clients {
  readonly counts: { answered: number; refused: number; unknown: number };
  history(): readonly Operation<KeyValueInput, KeyValueOutput>[];
  onProposal(member: Member, effect: Extract<Effect, { readonly type: "accepted" | "rejected" | "unknown" }>): void;
  onRead(member: Member, effect: Extract<Effect, { readonly type: "readReady" | "readRejected" }>): void;
  onApplied(member: Member, index: Index, term: Term): void;
  onStopped(member: Member): void;
  /** One call, now. It ends once, at the latest after `timeoutMs`. */
  call(member: Member, client: string, what: "get" | "put" | "cas" | "delete", key: number, timeoutMs: number, onEnd: (end: Ends) => void): void;
  start(): void;
  /** Begins no further calls. */
  stop(): void;
}

/** What clients do to the world: time, and a node's inputs. */
export interface ClientsHost {
  world(): World;
  later(ms: number, action: () => void): void;
  propose(member: Member, firstSeq: number, command: Uint8Array): void;
  read(member: Member, id: number): void;
  broken(check: string, message: string): void;
}

interface Desk {
  /** By number: proposals and reads without a verdict. */
  readonly asked: Map<number, Call>;
  /** By index: entries that wait to be applied here. */
  readonly entries: Map<Index, Call[]>;
  /** Reads that wait until so much is applied. */
  reads: { readonly call: Call; readonly index: Index }[];
}

export function createClients(plan: Plan, random: SeededRandom, host: ClientsHost): Clients {
  const { nodes, load } = plan;
  const counts = { answered: 0, refused: 0, unknown: 0 };
  const calls: Call[] = [];
  const desks: Desk[] = Array.from({ length: nodes }, () => ({ asked: new Map(), entries: new Map(), reads: [] }));
  /** Only the order of moments counts for the history. */
  let moment = 0;
  let value = 0;
  let floor: Index = 0;
  let stopped = false;
  const refusals = createRefusals((message) => host.broken("refused", message));
  const once = createOnce((message) => host.broken("once", message));

  function finish(call: Call, end: Ends, output?: KeyValueOutput): void {
    if (call.end !== undefined) return;
    // A read that wasn't answered changed nothing: nothing is known of it, and nothing needs to be.
    call.end = end === "unknown" && call.isRead ? "refused" : end;
    counts[call.end]++;
    if (call.end === "refused" && call.input.op === "put" && typeof call.input.value === "number") refusals.onRefused(call.client, call.input.value);
    if (call.end === "answered") {
      call.completed = ++moment;
      if (output !== undefined) call.output = output;
    }
    const world = host.world();
    world.trace.mix(10, call.key, call.end.length, call.index);
    if (world.trace.isFull) world.trace.line(world.now, `${call.client} ${call.input.op} ${call.input.key}: ${end} ${JSON.stringify(output) ?? ""}`);
    call.onEnd(call.end);
  }

  function answer(call: Call, index: Index, output: KeyValueOutput): void {
    if (call.end !== undefined) return;
    if (index < call.floor || (!call.isRead && index === call.floor)) host.broken("real-time", `${call.client} was answered as of index ${index}, but before it asked, ${call.floor} had been answered`);
    floor = Math.max(floor, index);
    finish(call, "answered", output);
  }

  /** Its entry's place was applied on the node that was asked. */
  function settle(member: Member, call: Call, index: Index, term: Term): void {
    if (term !== call.term) {
      finish(call, "refused");
      return;
    }
    const { machine } = member;
    if (machine.tookEffect[index] === true) answer(call, index, { ok: true, version: index });
    else answer(call, index, { ok: false });
  }

  function answerRead(member: Member, call: Call): void {
    const { values, versions } = member.machine;
    const found = values[call.key] ?? 0;
    answer(call, member.lastApplied, found === 0 ? null : { value: found, version: versions[call.key] ?? 0 });
  }

  function inputOf(what: "get" | "put" | "cas" | "delete", member: Member, key: number): KeyValueInput {
    const name = `k${key}`;
    if (what === "get") return { op: "get", key: name };
    if (what === "delete") return { op: "delete", key: name, expected: "present" };
    if (what === "put") return { op: "put", key: name, value: ++value };
    // Mostly what is there as far as this node knows; where there is nothing, a value that never is.
    const known = member.machine.values[key] ?? 0;
    return { op: "put", key: name, value: ++value, expected: { value: known === 0 ? -1 : known } };
  }

  function call(member: Member, client: string, what: "get" | "put" | "cas" | "delete", key: number, timeoutMs: number, onEnd: (end: Ends) => void): void {
    const input = inputOf(what, member, key);
    const made: Call = { client, invoked: ++moment, completed: Infinity, input, key, isRead: what === "get", floor, end: undefined, onEnd, index: 0, term: 0 };
    const world = host.world();
    if (world.trace.isFull) world.trace.line(world.now, `${client} ${what} ${input.key} at ${member.id}`);
    if (!member.raft) {
      finish(made, "refused");
      return;
    }
    calls.push(made);
    const desk = desks[member.number];
    const seq = member.nextSeq++;
    desk?.asked.set(seq, made);
    host.later(timeoutMs, () => finish(made, "unknown"));
    if (input.op === "get") host.read(member, seq);
    else {
      const expected = input.op === "put" && typeof input.expected === "object" && "value" in input.expected ? input.expected.value : undefined;
      host.propose(member, seq, encodeCommand({ op: input.op === "delete" ? "delete" : expected === undefined ? "put" : "cas", key, value: input.op === "put" && typeof input.value === "number" ? input.value : 0, expected: typeof expected === "number" ? expected : 0 }));
    }
  }

  return {
    counts, call,
    history: () => calls.filter(({ end }) => end !== "refused").map(({ client, invoked, completed, input, output }) => ({ client, invoked, completed, input, ...(output !== undefined && { output }) })),
    onProposal(member, effect) {
      const desk = desks[member.number];
      for (let seq = effect.firstSeq; seq < effect.firstSeq + effect.count; seq++) {
        const found = desk?.asked.get(seq);
        if (!desk || !found) {
          host.broken("proposals", `${member.id} ends its proposal ${seq} a second time: ${effect.type}`);
          return;
        }
        desk.asked.delete(seq);
        if (effect.type === "rejected") finish(found, "refused");
        else if (effect.type === "unknown") finish(found, "unknown");
        else {
          found.index = effect.firstIndex + seq - effect.firstSeq;
          found.term = effect.term;
          if (member.lastApplied >= found.index) settle(member, found, found.index, member.log.term(found.index));
          else desk.entries.set(found.index, [...(desk.entries.get(found.index) ?? []), found]);
        }
      }
    },
    onRead(member, effect) {
      const desk = desks[member.number];
      const found = desk?.asked.get(effect.id);
      if (!desk || !found) {
        host.broken("reads", `${member.id} ends its read ${effect.id} a second time: ${effect.type}`);
        return;
      }
      desk.asked.delete(effect.id);
      if (effect.type === "readRejected") finish(found, "refused");
      else if (member.lastApplied >= effect.index) answerRead(member, found);
      else desk.reads.push({ call: found, index: effect.index });
    },
    onApplied(member, index, term) {
      refusals.onApplied(member.id, member.machine.lastValue);
      once.onApplied(member.id, index, member.machine.lastValue);
      const desk = desks[member.number];
      if (!desk) return;
      const waiting = desk.entries.get(index);
      if (waiting) {
        desk.entries.delete(index);
        for (const found of waiting) settle(member, found, index, term);
      }
      if (desk.reads.length === 0 || !desk.reads.some((read) => read.index <= index)) return;
      const { reads } = desk;
      desk.reads = reads.filter((read) => read.index > index);
      for (const read of reads) if (read.index <= index) answerRead(member, read.call);
    },
    onStopped(member) {
      const desk = desks[member.number];
      if (!desk) return;
      const left = [...desk.asked.values(), ...[...desk.entries.values()].flat(), ...desk.reads.map((read) => read.call)];
      desk.asked.clear();
      desk.entries.clear();
      desk.reads = [];
      for (const found of left) finish(found, "unknown");
    },
    start() { for (let number = 1; number <= load.clients; number++) startClient(number, plan, random, host, call, () => stopped); },
    stop() { stopped = true; },
  };
}

/** Asks any node for anything, again and again. */
function startClient(number: number, { nodes, load }: Plan, random: SeededRandom, host: ClientsHost, call: Clients["call"], isOver: () => boolean): void {
  const own = random.fork(`client/${number}`);
  let name = 0;
  let others = 0;
  const ask = (member: Member, client: string, onEnd: (end: Ends) => void): void => {
    const dice = own.next();
    const what = dice < 0.45 ? "get" : dice < 0.85 ? "put" : dice < 0.95 ? "cas" : "delete";
    call(member, client, what, own.integer(load.keys), 300 + own.integer(1_500), onEnd);
  };
  const next = (): void => {
    if (isOver()) return;
    const member = host.world().members[own.integer(nodes)];
    if (!member) return;
    ask(member, `c${number}.${name}`, (end) => {
      if (end === "unknown") name++;
      // A node by itself with a fast disk answers at once: time must go on all the same.
      const pauseMs = 1 + own.integer(2 * load.pauseMs);
      host.later(end === "answered" ? pauseMs : pauseMs + own.integer(50), next);
    });
    // Calls that are open at once are those of several clients: each of these asks no second time.
    if (load.burst !== undefined) for (let more = own.integer(load.burst); more > 0; more--) ask(member, `c${number}+${++others}`, () => {});
  };
  host.later(own.integer(50), next);
}
