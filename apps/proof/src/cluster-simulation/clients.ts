// The load: clients that write, compare-and-set, delete and read on any node, and give up
// sometimes; others that write in sessions.
import type { KeyValueInput, KeyValueOutput, Operation } from "@raftkit/linearizability";
import { plainCommand } from "@raftkit/sessions";
import { NotProposed, OutcomeUnknown, ReadFailed } from "raftkit";
import type { SeededRandom, VirtualTime } from "@raftkit/simulation";
import type { Plan } from "../plans/plan.js";
import type { Calls, Counts } from "./calls.js";
import { answerOf, commandOf, resultOf } from "./calls.js";
import type { Computer, KvNode } from "./computer.js";

export interface Clients {
  /** Everything that was called so far; calls under way as of unknown outcome. */
  history(): readonly Operation<KeyValueInput, KeyValueOutput>[];
  readonly counts: Readonly<Counts>;
  /** Begins no further calls. */
  stop(): void;
  /** One call, now. Resolves with how it ended; never rejects. */
  call(
    client: string,
    computer: Computer,
    input: KeyValueInput,
    limits?: { readonly timeoutMs: number },
  ): Promise<keyof Counts>;
}

export interface ClientOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly load: Plan["load"];
  readonly calls: Calls;
  readonly computers: readonly Computer[];
  /** As which a node is asked for a read that must be linearizable. */
  readonly consistencyOf: (computer: Computer) => "linearizable" | "lease";
  /** A call ended as no call may. */
  broken(message: string): void;
}

interface Limits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

const PAUSE_MIN_MS = 1;

export function createClients(options: ClientOptions): Clients {
  const { time, random, load, calls, computers } = options;
  let stopped = false;

  function call(
    client: string,
    computer: Computer,
    input: KeyValueInput,
    limits: Limits = { timeoutMs: 500 },
  ): Promise<keyof Counts> {
    const { node } = computer;
    if (node === undefined) return Promise.resolve("refused");
    const open = calls.begin(client, input, computer.id);
    return new Promise((resolve) => {
      const end = (as: keyof Counts, how: string, output?: KeyValueOutput): void => {
        forget();
        open.end(as, how, output);
        resolve(as);
      };
      const forget = computer.onEnd(() => end("unknown", "ends with the node"));
      carryOut(node, input, { ...limits, consistency: options.consistencyOf(computer) }).then(
        (output) => end("answered", JSON.stringify(output), output),
        (error: unknown) => {
          if (error instanceof NotProposed || error instanceof ReadFailed) {
            end("refused", error.message);
            return;
          }
          if (!(error instanceof OutcomeUnknown)) {
            options.broken(`a call ended with ${String(error)}`);
          }
          end("unknown", "unknown");
        },
      );
    });
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
    const input = calls.draw(client);
    void call(client, computer, input, limits).then((end) => {
      // Whoever doesn't know how a call ended goes on under another name: that call may still take
      // effect.
      const isLost = end === "unknown" && input.op !== "get";
      // Some calls end at once, on a node that is down or alone: time must go on all the same.
      time.at(time.now() + PAUSE_MIN_MS + random.between(0, 2 * load.pauseMs), () =>
        live(name, isLost ? life + 1 : life),
      );
    });
  }

  for (let i = 1; i <= load.clients; i++) {
    time.at(random.between(0, load.pauseMs), () => live(`c${i}`, 1));
  }
  return {
    history: () => calls.history(),
    counts: calls.counts,
    stop() {
      stopped = true;
    },
    call,
  };
}

async function carryOut(
  node: KvNode,
  input: KeyValueInput,
  { consistency, ...limits }: Limits & { readonly consistency: "linearizable" | "lease" },
): Promise<KeyValueOutput> {
  if (input.op === "get") {
    const query = { type: "get", key: input.key } as const;
    return answerOf(await node.read(query, { ...limits, consistency }));
  }
  return resultOf(await node.propose(plainCommand(commandOf(input)), limits));
}
