// The load: clients that write, compare-and-set, delete and read on any node, give up sometimes,
// and write down what they were told. A call whose end they don't know stays open for ever. They
// judge nothing.
import type { KeyValueInput, KeyValueOutput, Operation } from "@raftkit/linearizability";
import type { KvAnswer, KvCommand, KvResult } from "@raftkit/kv";
import { deleteCommand, putCommand } from "@raftkit/kv";
import { NotProposed, OutcomeUnknown, ReadFailed } from "raftkit";
import type { SeededRandom, VirtualTime } from "@raftkit/simulation";
import type { Plan } from "../plans/plan.js";
import type { Computer, KvNode } from "./computer.js";

export interface Clients {
  /** Everything that was called so far; calls under way as of unknown outcome. */
  history(): readonly Operation<KeyValueInput, KeyValueOutput>[];
  readonly counts: {
    readonly answered: number;
    readonly refused: number;
    readonly unknown: number;
  };
  /** Begins no further calls. */
  stop(): void;
  /** One call, now. Resolves with whether it was answered; never rejects. */
  call(
    client: string,
    computer: Computer,
    input: KeyValueInput,
    limits?: { readonly timeoutMs: number },
  ): Promise<boolean>;
}

export interface ClientOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly load: Plan["load"];
  readonly computers: readonly Computer[];
  readonly note: (line: string) => void;
  /** A call ended as no call may. */
  broken(message: string): void;
}

interface Call {
  readonly client: string;
  readonly invoked: number;
  completed: number;
  readonly input: KeyValueInput;
  output?: KeyValueOutput;
  /** It certainly had no effect. */
  refused: boolean;
}

const PAUSE_MIN_MS = 1;
const OPEN_WRITES_MAX = 8;

export function createClients(options: ClientOptions): Clients {
  const { time, random, load, computers, note } = options;
  const calls: Call[] = [];
  const counts = { answered: 0, refused: 0, unknown: 0 };
  /** Only the order of moments counts for the history, and several calls may share an instant. */
  let moment = 0;
  let written = 0;
  /** The names of the keys now, and how many writes of unknown outcome each has. */
  const keys = Array.from({ length: load.keys }, (_, i) => ({ name: `k${i}`, life: 1, open: 0 }));
  let stopped = false;

  function call(
    client: string,
    computer: Computer,
    input: KeyValueInput,
    limits: { readonly timeoutMs: number; readonly signal?: AbortSignal } = { timeoutMs: 500 },
  ): Promise<boolean> {
    const { node } = computer;
    if (node === undefined) return Promise.resolve(false);
    const made: Call = { client, invoked: ++moment, completed: Infinity, input, refused: false };
    calls.push(made);
    const what = `${client} ${input.op} ${input.key}`;
    note(`${what} at ${computer.id}`);
    return new Promise((resolve) => {
      let open = true;
      const end = (how: string, count: keyof typeof counts): void => {
        if (!open) return;
        open = false;
        forget();
        counts[count]++;
        note(`${what} ${how}`);
        if (count === "unknown") retire(input.key);
        resolve(count === "answered");
      };
      const forget = computer.onEnd(() => {
        // A read changes nothing: without an answer there is nothing to know of it.
        made.refused = input.op === "get";
        end("ends with the node", made.refused ? "refused" : "unknown");
      });
      carryOut(node, input, limits).then(
        (output) => {
          if (!open) return;
          made.completed = ++moment;
          made.output = output;
          end(JSON.stringify(output), "answered");
        },
        (error: unknown) => {
          if (!open) return;
          made.refused = error instanceof NotProposed || error instanceof ReadFailed;
          if (made.refused) end(error instanceof Error ? error.message : "refused", "refused");
          else {
            if (!(error instanceof OutcomeUnknown)) {
              options.broken(`a call ended with ${String(error)}`);
            }
            end("unknown", "unknown");
          }
        },
      );
    });
  }

  /**
   * Each write that stays open doubles what the judge has to try: a key with many of them makes
   * room for a fresh one.
   */
  function retire(name: string): void {
    const key = keys.find((own) => own.name === name);
    if (key === undefined || ++key.open < OPEN_WRITES_MAX) return;
    key.open = 0;
    key.name = `${name.split("-", 1)[0] ?? name}-${++key.life}`;
  }

  function draw(client: string): KeyValueInput {
    const key = random.pick(keys).name;
    const op = random.next();
    if (op < 0.35) return { op: "get", key };
    const expected =
      op < 0.55
        ? random.pick(["present", "absent", { version: lastVersion(key) }] as const)
        : undefined;
    if (random.chance(0.12)) return { op: "delete", key, ...(expected && { expected }) };
    const length = random.chance(0.1) ? random.integer(2000) : random.integer(60);
    return {
      op: "put",
      key,
      value: `${client}-${++written}`.padEnd(length, "."),
      ...(expected && { expected }),
    };
  }

  /** So that conditions on a version hold now and then. */
  function lastVersion(key: string): number {
    for (let i = calls.length - 1; i >= Math.max(0, calls.length - 200); i--) {
      const { input, output } = calls[i] ?? {};
      if (
        input?.key === key &&
        output &&
        "version" in output &&
        typeof output.version === "number"
      ) {
        return output.version;
      }
    }
    return 1;
  }

  function live(name: string, life: number): void {
    if (stopped) return;
    const client = `${name}.${life}`;
    const computer = random.pick(computers);
    const controller = random.chance(0.05) ? new AbortController() : undefined;
    if (controller !== undefined) {
      time.at(time.now() + random.between(0, 50), () => controller.abort());
    }
    const limits = {
      timeoutMs: random.pick([20, 100, 300, 1000]),
      ...(controller && { signal: controller.signal }),
    };
    const made = calls.length;
    void call(client, computer, draw(client), limits).then(() => {
      // Whoever doesn't know how a call ended goes on under another name: that call may still take
      // effect.
      const own = calls[made];
      const lost = own?.client === client && own.completed === Infinity && !own.refused;
      // Some calls end at once, on a node that is down or alone: time must go on all the same.
      time.at(time.now() + PAUSE_MIN_MS + random.between(0, 2 * load.pauseMs), () =>
        live(name, lost ? life + 1 : life),
      );
    });
  }

  for (let i = 1; i <= load.clients; i++) {
    time.at(random.between(0, load.pauseMs), () => live(`c${i}`, 1));
  }
  return {
    history: () => calls.filter(({ refused }) => !refused),
    counts,
    stop() {
      stopped = true;
    },
    call,
  };
}

async function carryOut(
  node: KvNode,
  input: KeyValueInput,
  limits: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<KeyValueOutput> {
  if (input.op === "get") return answerOf(await node.read({ type: "get", key: input.key }, limits));
  return resultOf(await node.propose(commandOf(input), limits));
}

function commandOf(input: Extract<KeyValueInput, { readonly op: "put" | "delete" }>): KvCommand {
  const { key, expected } = input;
  const condition =
    expected === undefined
      ? undefined
      : expected === "absent"
        ? ({ ifNoneMatch: "*" } as const)
        : expected === "present"
          ? ({ ifMatch: "*" } as const)
          : "version" in expected
            ? { ifMatch: expected.version }
            : undefined;
  return input.op === "put"
    ? putCommand(key, new TextEncoder().encode(String(input.value)), condition)
    : deleteCommand(key, condition);
}

function resultOf(result: KvResult): KeyValueOutput {
  if (result.ok) return { ok: true, version: result.index, existed: result.previousIndex !== null };
  if (result.reason === "conditionFailed") return { ok: false, version: result.index };
  throw new TypeError(`the machine calls a command invalid: ${result.message}`);
}

function answerOf(answer: KvAnswer): KeyValueOutput {
  if (answer.type !== "get") throw new TypeError(`a get was answered with a ${answer.type}`);
  return answer.entry === null
    ? null
    : { value: new TextDecoder().decode(answer.entry.value), version: answer.entry.index };
}
