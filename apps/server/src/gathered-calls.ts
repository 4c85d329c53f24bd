// Calls of one kind that come in one turn of the event loop: made as one, each with an end of its own.
import { Gathering } from "./gathering.js";

/** As many as a batch of the key-value machine holds with ease. */
const CALLS_MAX = 1024;

interface Waiting<Asked, Answer> {
  readonly asked: Asked;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export class GatheredCalls<Asked, Answer> {
  readonly #callAll: (asked: readonly Asked[]) => Promise<readonly (Answer | Error)[]>;
  readonly #gathering: Gathering = new Gathering(() => this.#send());
  #waiting: Waiting<Asked, Answer>[] = [];

  /** @param callAll one answer for each that asked; or it rejects, for all of them */
  constructor(callAll: (asked: readonly Asked[]) => Promise<readonly (Answer | Error)[]>) {
    this.#callAll = callAll;
  }

  call(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      this.#gathering.asked();
    });
  }

  #send(): void {
    const calls = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < calls.length; from += CALLS_MAX) {
      void this.#make(calls.slice(from, from + CALLS_MAX));
    }
  }

  async #make(calls: readonly Waiting<Asked, Answer>[]): Promise<void> {
    try {
      const answers = await this.#callAll(calls.map(({ asked }) => asked));
      for (const [i, { resolve, reject }] of calls.entries()) {
        const answer = answers[i];
        if (answer === undefined || answer instanceof Error) reject(answer);
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }
}
