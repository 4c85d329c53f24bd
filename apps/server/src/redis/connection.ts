// One connection: takes its commands in order, as many at a time as one batch can hold, and writes
// their replies in the same order, all of a batch at once. Reads and writes alternate: a read sees
// every write before it on its connection, and none behind it. What a client sends can end its own
// connection, nothing else.
import type { Socket } from "node:net";
import type { KvOperationResult } from "@raftkit/kv";
import { BATCH_OPERATIONS_MAX } from "@raftkit/kv";
import type { Logger } from "raftkit";
import type { BatchKind, OpenBatch, Waiter } from "./batches.js";
import type { Args, Command, CountedCommand, ServerContext } from "./commands/command.js";
import { hasArity } from "./commands/table.js";
import { CommandError, failureReply, unknownCommand, wrongArity } from "./errors.js";
import { Outgoing } from "./outgoing.js";
import { heldBytesOf, ProtocolError, RequestParser } from "./parser.js";
import { error, QUEUED } from "./replies.js";
import type { Planned, Transaction } from "./session.js";
import { replyOf, Session } from "./session.js";

/** Replies up to about this size are written together. */
const WRITE_BYTES = 256 * 1024;
/** What a browser sends first: a page must not make it speak to this port. */
const HTTP_WORDS = new Set(["post", "host:"]);
/** What isn't queued between MULTI and EXEC. */
const UNQUEUED = new Set(["exec", "discard", "multi", "watch", "quit", "reset"]);
const NOT_IN_TRANSACTION = "ERR Command not allowed inside a transaction";
const INTERNAL = error("ERR the command failed; the server's log says more");

export interface ConnectionContext {
  readonly server: ServerContext;
  readonly logger: Logger;
  /** Its client reads more slowly than it asks; until `drained`. */
  backedUp(connection: RedisConnection): void;
  /** What it holds of commands that aren't answered may have changed. */
  held(connection: RedisConnection): void;
  /** Whether all connections together hold so much that they should take in little more. */
  readonly isCrowded: boolean;
  drained(connection: RedisConnection): void;
}

export class RedisConnection implements Waiter {
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #server: ServerContext;
  readonly #session: Session;
  #parser: RequestParser;
  readonly #outgoing: Outgoing;
  /** Parsed already; it has to wait for those before it. */
  #next: Args | undefined;
  /** Of the commands that were begun and aren't answered yet. */
  #begunBytes = 0;
  /** Commands whose results, or whose turn to be written, is waited for. */
  #planned: readonly Planned[] = [];
  #results: readonly KvOperationResult[] = [];
  #offset = 0;
  /** How many of them are written. */
  #written = 0;
  #lastName: Buffer | undefined;
  #lastFound: CountedCommand | undefined;
  #isBusy = false;
  #inputEnded = false;
  #isDraining = false;

  constructor(socket: Socket, id: number, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    this.#server = context.server;
    this.#session = new Session(id);
    this.#parser = new RequestParser(context.server.limits);
    this.#outgoing = new Outgoing(socket, context.server.limits, () => context.backedUp(this));
    socket.on("data", (chunk: Buffer) => {
      if (this.#session.isEnding) return;
      this.#parser.push(chunk);
      this.#run();
    });
    socket.on("drain", () => this.#onDrain());
    socket.on("end", () => {
      this.#inputEnded = true;
      this.#run();
    });
    // Whoever is gone hears nothing; what it sent may still take effect.
    socket.on("error", () => socket.destroy());
  }

  get unsentBytes(): number {
    return this.#outgoing.unsentBytes;
  }

  get takenBytes(): number {
    return this.#outgoing.takenBytes;
  }

  /** Of commands that aren't answered yet. */
  get heldBytes(): number {
    const next = this.#next ? heldBytesOf(this.#next, this.#parser.commandBytes) : 0;
    return this.#parser.heldBytes + next + this.#begunBytes + this.#session.heldBytes;
  }

  cut(): void {
    this.#socket.destroy();
  }

  /** There is no room for what it holds. It is told why, unless it waits for other replies. */
  cutInput(): void {
    if (this.#isBusy) {
      this.#socket.destroy();
      return;
    }
    const { limits } = this.#server;
    this.#parser = new RequestParser(limits);
    this.#next = undefined;
    this.#session.reset();
    this.#outgoing.write(
      error(
        `TRYAGAIN the clients' commands that aren't executed yet have more than ${limits.maxAllInputBytes} bytes in all, and this connection has most of them; nothing was changed by its last command or transaction`,
      ),
    );
    this.#end();
  }

  /** Nothing new is begun; it ends with the replies of what was begun. */
  drain(): void {
    this.#isDraining = true;
    this.#run();
  }

  #run(): void {
    if (this.#socket.destroyed) return;
    const { maxWaitingBytes } = this.#server.limits;
    let isBlocked = false;
    while (!this.#isBusy && !this.#session.isEnding) {
      isBlocked = this.#outgoing.isFull;
      if (isBlocked || this.#isDraining || !this.#begin()) break;
    }
    if (!this.#isBusy && !isBlocked && this.#mustEnd) this.#end();
    const mustWait = this.#isBusy || isBlocked;
    const waitingBytes = this.#context.isCrowded ? 0 : maxWaitingBytes;
    if (mustWait && this.#parser.waitingBytes > waitingBytes) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
    this.#context.held(this);
  }

  get #mustEnd(): boolean {
    return this.#session.isEnding || this.#isDraining || this.#inputEnded;
  }

  #end(): void {
    this.#session.isEnding = true;
    this.#outgoing.end();
    // What comes is thrown away: input that isn't read would reset the connection at its end.
    this.#socket.resume();
  }

  /** Begins as many commands as go together. @returns false: there are none */
  #begin(): boolean {
    const planned: Planned[] = [];
    let kind: BatchKind | undefined;
    let batch: OpenBatch | undefined;
    let first = 0;
    for (let args = this.#take(planned); args; args = this.#take(planned)) {
      const found = this.#find(args, planned);
      if (found === undefined) continue;
      const { command } = found;
      if (command.kind === "simple") {
        found.calls++;
        planned.push(text(this.#attempt(() => command.reply(args, this.#session, this.#server))));
        continue;
      }
      const bytes = this.#parser.commandBytes;
      if (command.kind === "alone" && planned.length === 0) {
        found.calls++;
        this.#begunBytes = heldBytesOf(args, bytes);
        return this.#runAlone(() => command.run(args, this.#session, this.#server));
      }
      const own = this.#batchKindOf(command);
      const goesAlong = (kind ?? own) === own && batch?.hasRoom(args.length, bytes) !== false;
      if (command.kind === "alone" || own === undefined || !goesAlong) {
        this.#next = args;
        break;
      }
      found.calls++;
      this.#begunBytes += heldBytesOf(args, bytes);
      kind = own;
      if (batch === undefined) {
        batch = this.#server.batches.open(kind, args.length, bytes);
        first = batch.writer.operations;
      }
      const { writer } = batch;
      const from = writer.operations;
      const reply = this.#attempt(() => command.plan(args, writer, this.#server));
      planned.push({ reply, from: from - first, count: writer.operations - from });
    }
    if (planned.length === 0) return false;
    this.#planned = planned;
    this.#written = 0;
    this.#isBusy = true;
    if (batch !== undefined && batch.writer.operations > first) batch.wait(this, first);
    else this.#reply([], 0);
    return true;
  }

  #batchKindOf({ kind }: Command): BatchKind | undefined {
    if (kind === "read") return this.#session.readsLocally ? "local" : "read";
    return kind === "write" ? kind : undefined;
  }

  /** What is no request ends the connection, behind the replies to those before it. */
  #take(planned: Planned[]): Args | undefined {
    if (this.#session.isEnding) return undefined;
    const args = this.#next;
    if (args !== undefined) {
      this.#next = undefined;
      return args;
    }
    try {
      return this.#parser.next();
    } catch (failure) {
      if (!(failure instanceof ProtocolError)) throw failure;
      planned.push(text(error(`ERR Protocol error: ${failure.message}`)));
      this.#session.isEnding = true;
      return undefined;
    }
  }

  /** Undefined: it has its reply already, a refusal or that it is queued. */
  #find(args: Args, planned: Planned[]): CountedCommand | undefined {
    const found = this.#lookUp(args[0]);
    const { transaction } = this.#session;
    let refusal: string | undefined;
    if (found === undefined) {
      if (HTTP_WORDS.has(nameOf(args[0]).toLowerCase())) {
        this.#session.isEnding = true;
        this.#socket.destroy();
      }
      refusal = unknownCommand(args);
    } else if (!hasArity(found.command, args.length)) refusal = wrongArity(found.command.name);
    else if (transaction && found.command.kind === "alone" && !UNQUEUED.has(found.command.name)) {
      refusal = NOT_IN_TRANSACTION;
    }
    if (refusal !== undefined) {
      if (transaction) transaction.isRefused = true;
      planned.push(text(error(refusal)));
      return undefined;
    }
    if (found === undefined) return undefined;
    const { command } = found;
    if (transaction === undefined || command.kind === "alone") return found;
    found.calls++;
    planned.push(text(this.#queue(command, args, transaction)));
    return undefined;
  }

  /** The parser gives the same buffer for the same name: most commands are like the one before. */
  #lookUp(name: Buffer | undefined): CountedCommand | undefined {
    if (name === this.#lastName) return this.#lastFound;
    const given = nameOf(name);
    const { commands } = this.#server;
    this.#lastName = name;
    this.#lastFound = commands.get(given) ?? commands.get(given.toLowerCase());
    return this.#lastFound;
  }

  /** @returns the reply */
  #queue(
    command: Exclude<Command, { readonly kind: "alone" }>,
    args: Args,
    transaction: Transaction,
  ): string {
    const { writer, bytes, planned } = transaction;
    const { maxCommandBytes } = this.#server.limits;
    try {
      const from = writer.operations;
      if (
        bytes + this.#parser.commandBytes > maxCommandBytes ||
        planned.length >= BATCH_OPERATIONS_MAX
      ) {
        throw new CommandError(
          `ERR the transaction is too large: at most ${maxCommandBytes} bytes and ${BATCH_OPERATIONS_MAX} commands`,
        );
      }
      const reply =
        command.kind === "simple"
          ? command.reply(args, this.#session, this.#server)
          : command.plan(args, writer, this.#server);
      transaction.add({ reply, from, count: writer.operations - from });
      return QUEUED;
    } catch (failure) {
      transaction.isRefused = true;
      return this.#failure(failure);
    }
  }

  /** @returns the reply of a command that is wrong in itself instead */
  #attempt<T>(execute: () => T): T | string {
    try {
      return execute();
    } catch (failure) {
      return this.#failure(failure);
    }
  }

  #runAlone(execute: () => string | Promise<string>): true {
    const done = (reply: string): void => {
      this.#planned = [text(reply)];
      this.#written = 0;
      this.#reply([], 0);
    };
    this.#isBusy = true;
    const reply = this.#attempt(execute);
    if (typeof reply === "string") done(reply);
    else void this.#later(reply, done);
    return true;
  }

  async #later(reply: Promise<string>, done: (reply: string) => void): Promise<void> {
    done(await reply.catch((failure: unknown) => this.#failure(failure)));
    this.#run();
  }

  done(results: readonly KvOperationResult[], from: number): void {
    this.#reply(results, from);
    this.#run();
  }

  failed(failure: unknown): void {
    const reply = this.#failure(failure);
    this.#planned = this.#planned.map((one) => (one.count > 0 ? text(reply) : one));
    this.#reply([], 0);
    this.#run();
  }

  #failure(failure: unknown): string {
    const reply = failureReply(failure);
    if (reply === undefined) this.#context.logger.error({ err: failure }, "a command failed");
    return reply ?? INTERNAL;
  }

  #reply(results: readonly KvOperationResult[], offset: number): void {
    this.#results = results;
    this.#offset = offset;
    this.#writeOn();
  }

  /** As far as its client reads. */
  #writeOn(): void {
    const planned = this.#planned;
    while (this.#written < planned.length) {
      if (this.#socket.destroyed) break;
      if (this.#outgoing.isFull) return;
      let replies = "";
      while (this.#written < planned.length && replies.length < WRITE_BYTES) {
        const one = planned[this.#written++];
        if (one === undefined) continue;
        replies += replyOf(one, this.#results, this.#offset, this.#session.protocol);
      }
      this.#outgoing.write(replies);
    }
    this.#planned = [];
    this.#results = [];
    this.#begunBytes = 0;
    this.#isBusy = false;
  }

  #onDrain(): void {
    this.#context.drained(this);
    this.#outgoing.drained();
    if (this.#planned.length > 0 && this.#written > 0) this.#writeOn();
    this.#run();
  }
}

function text(reply: string): Planned {
  return { reply, from: 0, count: 0 };
}

function nameOf(arg: Buffer | undefined): string {
  return arg?.toString("latin1", 0, 128) ?? "";
}
