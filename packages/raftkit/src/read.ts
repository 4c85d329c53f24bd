// One `read` call.
import { Call } from "./call.js";
import type { ReadFailedReason } from "./errors.js";
import { ReadFailed } from "./errors.js";

export class Read<Query, Answer> extends Call {
  #call:
    | {
        readonly query: Query;
        readonly resolve: (answer: Answer) => void;
        readonly reject: (error: unknown) => void;
      }
    | undefined;
  /** Told once, when it has ended. */
  onEnd: (() => void) | undefined;

  constructor(query: Query, resolve: (answer: Answer) => void, reject: (error: unknown) => void) {
    super();
    this.#call = { query, resolve, reject };
  }

  /** The state is new enough: asks it. */
  ask(machine: (query: Query) => Answer | PromiseLike<Answer>): Answer | PromiseLike<Answer> {
    if (!this.#call) throw new ReadFailed("aborted", "the read has ended");
    return machine(this.#call.query);
  }

  succeed(answer: Answer): void {
    const call = this.#call;
    if (this.end()) call?.resolve(answer);
  }

  failWith(error: unknown): void {
    const call = this.#call;
    if (this.end()) call?.reject(error);
  }

  fail(reason: ReadFailedReason, message: string, options?: { cause?: unknown }): void {
    this.failWith(new ReadFailed(reason, message, options));
  }

  /** Whoever still holds it holds neither its query nor its answer. */
  protected override end(): boolean {
    if (!super.end()) return false;
    this.#call = undefined;
    this.onEnd?.();
    this.onEnd = undefined;
    return true;
  }

  override expire(): void {
    this.fail("timeout", "the read timed out; try again");
  }

  override abort(cause: unknown): void {
    this.fail("aborted", "the read was aborted", { cause });
  }
}
