// The load, and what it must see: clients that write and read on any node, one call at a time, and
// write down what they were told. A call whose end isn't known stays open for ever, and its client
// goes on under another name. At the end the history must be linearizable; before that, each answer
// must be newer than all that were given before its call began.
import type { KeyValueInput } from "@raftkit/linearizability";
import type { SeededRandom } from "@raftkit/simulation";
import type { Plan } from "../plans/plan.js";
import type { Call } from "./answers.js";
import { createAnswers } from "./answers.js";
import { createOpenRequests } from "./open-requests.js";
import type { Command } from "./machine.js";
import { encodeCommand } from "./machine.js";
import { createAppliedOnce } from "./applied-once.js";
import type { Clients, Ends, Member, World } from "./world.js";

/** What clients do to the world: time, and a node's inputs. */
export interface ClientsHost {
  world(): World;
  later(ms: number, action: () => void): void;
  propose(member: Member, firstSeq: number, command: Uint8Array): void;
  read(member: Member, id: number): void;
  broken(check: string, message: string): void;
}

export function createClients(plan: Plan, random: SeededRandom, host: ClientsHost): Clients {
  const { nodes, load } = plan;
  const calls: Call[] = [];
  let value = 0;
  let stopped = false;
  const answers = createAnswers(host);
  const openRequests = createOpenRequests(nodes, answers, (check, message) =>
    host.broken(check, message),
  );
  const once = createAppliedOnce((message) => host.broken("once", message));

  function inputOf(
    what: "get" | "put" | "cas" | "delete",
    member: Member,
    key: number,
  ): KeyValueInput {
    const name = `k${key}`;
    if (what === "get") return { op: "get", key: name };
    if (what === "delete") return { op: "delete", key: name, expected: "present" };
    if (what === "put") return { op: "put", key: name, value: ++value };
    // Mostly what is there as far as this node knows; where there is nothing, a value that never
    // is.
    const known = member.machine.values[key] ?? 0;
    return { op: "put", key: name, value: ++value, expected: { value: known === 0 ? -1 : known } };
  }

  function call(
    member: Member,
    client: string,
    what: "get" | "put" | "cas" | "delete",
    key: number,
    timeoutMs: number,
    onEnd: (end: Ends) => void,
  ): void {
    const input = inputOf(what, member, key);
    const made: Call = {
      client,
      invoked: answers.nextMoment(),
      completed: Infinity,
      input,
      key,
      isRead: what === "get",
      floor: answers.floor,
      end: undefined,
      onEnd,
      index: 0,
      term: 0,
    };
    const world = host.world();
    if (world.trace.isFull) {
      world.trace.line(world.now, `${client} ${what} ${input.key} at ${member.id}`);
    }
    if (!member.raft) {
      answers.finish(made, "refused");
      return;
    }
    calls.push(made);
    const seq = openRequests.take(member, made);
    host.later(timeoutMs, () => answers.finish(made, "unknown"));
    if (input.op === "get") host.read(member, seq);
    else host.propose(member, seq, encodeCommand(commandOf(input, key)));
  }

  return {
    counts: answers.counts,
    call,
    history: () =>
      calls
        .filter(({ end }) => end !== "refused")
        .map(({ client, invoked, completed, input, output }) => ({
          client,
          invoked,
          completed,
          input,
          ...(output !== undefined && { output }),
        })),
    onProposal: (member, effect) => openRequests.onProposal(member, effect),
    onRead: (member, effect) => openRequests.onRead(member, effect),
    onApplied(member, index, term) {
      const { lastValue } = member.machine;
      answers.onApplied(member, lastValue);
      once.onApplied(member.id, index, lastValue);
      openRequests.onApplied(member, index, term);
    },
    onRestored: (member) => openRequests.onRestored(member),
    onStopped: (member) => openRequests.onStopped(member),
    start() {
      for (let number = 1; number <= load.clients; number++) {
        startClient(number, plan, random, host, call, () => stopped);
      }
    },
    stop() {
      stopped = true;
    },
  };
}

/** A write as the machine takes it. */
function commandOf(input: Exclude<KeyValueInput, { readonly op: "get" }>, key: number): Command {
  const expected =
    input.op === "put" && typeof input.expected === "object" && "value" in input.expected
      ? input.expected.value
      : undefined;
  return {
    op: input.op === "delete" ? "delete" : expected === undefined ? "put" : "cas",
    key,
    value: input.op === "put" && typeof input.value === "number" ? input.value : 0,
    expected: typeof expected === "number" ? expected : 0,
  };
}

/** Asks any node for anything, again and again. */
function startClient(
  number: number,
  { nodes, load }: Plan,
  random: SeededRandom,
  host: ClientsHost,
  call: Clients["call"],
  isOver: () => boolean,
): void {
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
    if (load.burst !== undefined) {
      for (let more = own.integer(load.burst); more > 0; more--) {
        ask(member, `c${number}+${++others}`, () => {});
      }
    }
  };
  host.later(own.integer(50), next);
}
