// Calls of one kind that come in one turn of the event loop: made as one, each with an end of its own.
// They end together, so what is gathered is small, and bounded: nobody's large body or time-out
// becomes another's.
import { Gathering } from "./gathering.js";

/** Of one call: as much as a batch of the key-value machine holds with ease. */
const CALLS_MAX = 1024;
const BYTES_MAX = 128 * 1024;
/** A larger one is made by itself. */
const SMALL_BYTES_MAX = 4096;
/** While so many wait for an answer, the next ones are made by themselves, with limits of their own. */
const WAITING_MAX = 8192;

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export class GatheredCalls<Asked, Answer> {
  readonly #callAll: (asked: readonly Asked[]) => Promise<readonly (Answer | Error)[]>;
  readonly #gathering: Gathering = new Gathering(() => this.#send());
  #asked: Asked[] = [];
  #callers: Waiting<Answer>[] = [];
  #bytes = 0;
  /** Also in calls that were made. */
  #waiting = 0;

  /** @param callAll one answer for each that asked; or it rejects, for all of them */
  constructor(callAll: (asked: readonly Asked[]) => Promise<readonly (Answer | Error)[]>) {
    this.#callAll = callAll;
  }

  /**
   * @param bytes its size
   * @returns undefined: it is to be made by itself
   */
  call(asked: Asked, bytes: number): Promise<Answer> | undefined {
    if (bytes > SMALL_BYTES_MAX || this.#waiting >= WAITING_MAX) return undefined;
    if (this.#asked.length >= CALLS_MAX || this.#bytes + bytes > BYTES_MAX) this.#send();
    this.#waiting++;
    return new Promise((resolve, reject) => {
      this.#asked.push(asked);
      this.#callers.push({ resolve, reject });
      this.#bytes += bytes;
      this.#gathering.asked();
    });
  }

  #send(): void {
    if (this.#asked.length === 0) return;
    const asked = this.#asked;
    const callers = this.#callers;
    this.#asked = [];
    this.#callers = [];
    this.#bytes = 0;
    // What was asked isn't kept until it is answered.
    void this.#tell(callers, this.#callAll(asked));
  }

  async #tell(
    callers: readonly Waiting<Answer>[],
    answering: Promise<readonly (Answer | Error)[]>,
  ): Promise<void> {
    try {
      const answers = await answering;
      for (const [i, { resolve, reject }] of callers.entries()) {
        const answer = answers[i];
        if (answer === undefined || answer instanceof Error) reject(answer);
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of callers) reject(error);
    }
    this.#waiting -= callers.length;
  }
}
