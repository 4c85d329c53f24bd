// Clients that write in sessions, through the client of @raftkit/sessions, over whatever node is at
// hand. What they send is sometimes sent twice, at once or much later, through other nodes; now and
// then somebody uses a number again for another command, or one that is far too high.
import type { KvCommand, KvResult } from "@raftkit/kv";
import type { Session, SessionOutcome, SessionsCommand } from "@raftkit/sessions";
import { createSession, numberedCommand, SessionError } from "@raftkit/sessions";
import { NotProposed, OutcomeUnknown } from "raftkit";
import type { SeededRandom, VirtualTime } from "@raftkit/simulation";
import type { Plan } from "../plans/plan.js";
import type { Calls } from "./calls.js";
import { commandOf, resultOf } from "./calls.js";
import type { Computer } from "./computer.js";
import type { Replicas } from "./replicas.js";

export interface SessionClientOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly sessions: NonNullable<Plan["sessions"]>;
  readonly pauseMs: number;
  readonly calls: Calls;
  readonly computers: readonly Computer[];
  readonly replicas: Pick<Replicas, "answered">;
  readonly broken: (message: string) => void;
}

type NodeCommand = SessionsCommand<KvCommand, KvResult>;
type KvSession = Session<KvCommand, KvResult>;

/** A number that no session reaches. */
const FAR = 1_000_000;
const REPEATED = 0.3;
const FORGED = 0.04;

/** @returns lets them begin nothing more */
export function startSessionClients(options: SessionClientOptions): () => void {
  const { time, random, sessions, calls, pauseMs } = options;
  /**
   * Under which number the client sends them, and whether its own attempts are all that was sent.
   */
  const underWay = new Map<KvCommand, { number: number; isRepeated: boolean }>();
  let stopped = false;
  let sent = 0;

  function propose(
    command: NodeCommand,
    { timeoutMs = 500 }: { readonly timeoutMs?: number } = {},
  ): Promise<unknown> {
    const own = command.length === 4 ? underWay.get(command[3]) : undefined;
    if (own && command.length === 4) own.number = command[1];
    if (random.chance(REPEATED)) {
      if (own) own.isRepeated = true;
      const laterMs = random.next() * random.pick([1, 50, 400, 2_500]);
      time.at(time.now() + laterMs, () => sendBeside(command));
    }
    return ask(options, command, Math.min(timeoutMs, random.pick([30, 100, 300, 1000])));
  }

  /** Nobody waits for what comes of it. */
  function sendBeside(command: NodeCommand): void {
    ask(options, command, random.pick([30, 300])).catch(() => undefined);
  }

  const node = { propose };
  const clock = {
    now: () => time.now(),
    schedule: (at: number, run: () => void) => time.at(at, run),
  };
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => time.at(time.now() + ms, resolve));

  async function write(session: KvSession, client: string): Promise<void> {
    const input = calls.drawWrite(client);
    const command = commandOf(input);
    const open = calls.begin(client, input, `session ${session.id}`);
    const own = { number: 0, isRepeated: false };
    underWay.set(command, own);
    try {
      const timeoutMs = random.pick([100, 500, 2_000]);
      const result = await session.propose(command, { timeoutMs });
      open.end("answered", JSON.stringify(result), resultOf(result));
      if (random.chance(FORGED)) forge(session.id, own.number);
    } catch (error) {
      if (!(error instanceof SessionError)) {
        options.broken(`a call in a session ended with ${String(error)}`);
      }
      const isCertain =
        error instanceof SessionError && error.outcome === "notApplied" && !own.isRepeated;
      open.end(isCertain ? "refused" : "unknown", String(error));
    }
    underWay.delete(command);
  }

  /** Some commands, now and then several at once, with pauses that may be too long. */
  async function use(session: KvSession): Promise<void> {
    const { expireAfterMs } = sessions;
    for (let left = 2 + random.integer(20); left > 0 && !stopped; left--) {
      const atOnce = random.chance(0.3) ? 2 + random.integer(3) : 1;
      await Promise.all(
        Array.from({ length: atOnce }, () => write(session, `s${session.id}.${++sent}`)),
      );
      if (random.chance(FORGED)) forge(session.id, FAR);
      const isIdle = expireAfterMs > 0 && random.chance(0.06);
      await pause(isIdle ? 1.3 * expireAfterMs : 1 + random.between(0, 2 * pauseMs));
    }
  }

  /** What no client sends: another command under a number that was answered, or is far too high. */
  function forge(session: number, number: number): void {
    sendBeside(numberedCommand(session, number, 1, commandOf(calls.drawWrite("forged"))));
  }

  async function live(): Promise<void> {
    while (!stopped) {
      const timeoutMs = random.pick([300, 1_500]);
      const session = await createSession<KvCommand, KvResult>(node, { clock, timeoutMs }).catch(
        () => undefined,
      );
      if (session) {
        await use(session);
        if (random.chance(0.5)) void session.close({ timeoutMs: 500 });
      }
      await pause(1 + random.between(0, 2 * pauseMs));
    }
  }

  for (let i = 0; i < sessions.clients; i++) {
    time.at(random.between(0, pauseMs), () => void live());
  }
  return () => {
    stopped = true;
  };
}

/** One attempt at any node. A node that ends is like one that can't be reached any more. */
function ask(
  { random, computers, replicas, broken }: SessionClientOptions,
  command: NodeCommand,
  timeoutMs: number,
): Promise<unknown> {
  const computer = random.pick(computers);
  const { node } = computer;
  if (node === undefined) {
    return Promise.reject(new NotProposed("noLeader", `${computer.id} is down`));
  }
  return new Promise((resolve, reject) => {
    const lost = (): void =>
      reject(new OutcomeUnknown("leaderChanged", `${computer.id} has ended, or ends`));
    const forget = computer.onEnd(lost);
    node.propose(command, { timeoutMs }).then(
      (outcome) => {
        forget();
        if (command.length === 4) {
          replicas.answered(command[0], command[1], outcome as SessionOutcome<KvResult>);
        }
        resolve(outcome);
      },
      (error: unknown) => {
        forget();
        if (error instanceof NotProposed) {
          const isEnd = error.reason === "closing" || error.reason === "failed";
          reject(isEnd ? new NotProposed("noLeader", error.message) : error);
        } else if (error instanceof OutcomeUnknown) {
          if (error.reason === "closing" || error.reason === "failed") lost();
          else reject(error);
        } else {
          broken(`a call ended with ${String(error)}`);
          lost();
        }
      },
    );
  });
}
