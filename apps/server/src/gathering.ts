// When what many ask is sent: together, at the end of the event-loop turn in which they asked. Who is
// alone waits for nobody.

export class Gathering {
  readonly #send: () => void;
  /** How many have asked in this turn, and how many did in the last turn in which somebody asked. */
  #asked = 0;
  #askedBefore = 0;

  /** @param send sends what was gathered, perhaps nothing */
  constructor(send: () => void) {
    this.#send = send;
  }

  /**
   * Somebody asks: it is sent at the end of this turn, or before, if nobody else asked in the last
   * one.
   */
  asked(): void {
    if (this.#asked++ > 0) return;
    setImmediate(() => this.#endTurn());
    if (this.#askedBefore <= 1) queueMicrotask(this.#send);
  }

  #endTurn(): void {
    this.#askedBefore = this.#asked;
    this.#asked = 0;
    this.#send();
  }
}
