// What clients called, and what they were told: the history that is judged at the end. A call whose
// end they don't know stays open for ever. It judges nothing.
import type { KvAnswer, KvResult, KvWriteCommand } from "@raftkit/kv";
import { deleteCommand, putCommand } from "@raftkit/kv";
import type { KeyValueInput, KeyValueOutput, Operation } from "@raftkit/linearizability";
import type { SeededRandom } from "@raftkit/simulation";
import type { Plan } from "../plans/plan.js";

export interface Counts {
  answered: number;
  refused: number;
  unknown: number;
}

/** A call under way. */
export interface OpenCall {
  /** Each but the first is ignored. @param output of an answer */
  end(as: keyof Counts, how: string, output?: KeyValueOutput): void;
}

export interface Calls {
  /** Everything that was called so far; calls under way as of unknown outcome. */
  history(): readonly Operation<KeyValueInput, KeyValueOutput>[];
  readonly counts: Readonly<Counts>;
  /** What a client asks for next. */
  draw(client: string): KeyValueInput;
  /** As `draw`, a write. */
  drawWrite(client: string): KeyValueWrite;
  begin(client: string, input: KeyValueInput, where: string): OpenCall;
}

export type KeyValueWrite = Extract<KeyValueInput, { readonly op: "put" | "delete" }>;

interface Call {
  readonly client: string;
  readonly invoked: number;
  completed: number;
  readonly input: KeyValueInput;
  output?: KeyValueOutput;
  /** It certainly had no effect. */
  refused: boolean;
}

const OPEN_WRITES_MAX = 8;
const NAME_BYTES = 16;

export function createCalls(
  random: SeededRandom,
  load: Plan["load"],
  /** Longer ones fit into no message. */
  valueBytesMax: number,
  /** What most values are as long as; 0: short. */
  valueBytes: number,
  note: (line: string) => void,
): Calls {
  const calls: Call[] = [];
  const counts: Counts = { answered: 0, refused: 0, unknown: 0 };
  /** Only the order of moments counts for the history, and several calls may share an instant. */
  let moment = 0;
  let written = 0;
  /** The names of the keys now, and how many writes of unknown outcome each has. */
  const keys = Array.from({ length: load.keys }, (_, i) => ({ name: `k${i}`, life: 1, open: 0 }));

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

  function drawWrite(client: string, key: string, op: number): KeyValueWrite {
    const expected =
      op < 0.55
        ? random.pick(["present", "absent", { version: lastVersion(key) }] as const)
        : undefined;
    if (random.chance(0.12)) return { op: "delete", key, ...(expected && { expected }) };
    const length = random.chance(0.1) ? random.integer(2000) : random.integer(60);
    return {
      op: "put",
      key,
      value: `${client}-${++written}`.padEnd(
        Math.min(Math.max(length, valueBytes), Math.max(valueBytesMax, NAME_BYTES)),
        ".",
      ),
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

  return {
    history: () => calls.filter(({ refused }) => !refused),
    counts,
    draw(client) {
      const key = random.pick(keys).name;
      const op = random.next();
      return op < 0.35 ? { op: "get", key } : drawWrite(client, key, op);
    },
    drawWrite: (client) => drawWrite(client, random.pick(keys).name, random.between(0.35, 1)),
    begin(client, input, where) {
      const made: Call = { client, invoked: ++moment, completed: Infinity, input, refused: false };
      calls.push(made);
      const what = `${client} ${input.op} ${input.key}`;
      note(`${what} at ${where}`);
      let isOpen = true;
      return {
        end(as, how, output) {
          if (!isOpen) return;
          isOpen = false;
          // A read changes nothing: without an answer there is nothing to know of it.
          const told = as === "unknown" && input.op === "get" ? "refused" : as;
          made.refused = told === "refused";
          if (told === "answered" && output !== undefined) {
            made.completed = ++moment;
            made.output = output;
          }
          counts[told]++;
          note(`${what} ${how}`);
          if (told === "unknown") retire(input.key);
        },
      };
    },
  };
}

export function commandOf(input: KeyValueWrite): KvWriteCommand {
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

export function resultOf(result: KvResult): KeyValueOutput {
  if (result.ok && "previousIndex" in result) {
    return { ok: true, version: result.index, existed: result.previousIndex !== null };
  }
  if (!result.ok && result.reason === "conditionFailed") {
    return { ok: false, version: result.index };
  }
  throw new TypeError(`this isn't the result of a write: ${JSON.stringify(result)}`);
}

export function answerOf(answer: KvAnswer): KeyValueOutput {
  if (answer.type !== "get") throw new TypeError(`a get was answered with a ${answer.type}`);
  return answer.entry === null
    ? null
    : { value: new TextDecoder().decode(answer.entry.value), version: answer.entry.index };
}
