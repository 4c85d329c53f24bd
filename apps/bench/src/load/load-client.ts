// What a load drives: a connection to a server, whatever protocol it speaks.

/** Told of each answer: `ms` since the time that was given with the request. */
export type OnAnswer = (ok: boolean, ms: number, key: number) => void;

export interface LoadClient {
  readonly inFlight: number;
  /** Rejects when the connection ends before `close`. */
  readonly lost: Promise<never>;
  /** @param since when the request was due, by `performance.now()` */
  write(key: number, value: Uint8Array, since: number, onAnswer: OnAnswer): void;
  read(key: number, since: number, onAnswer: OnAnswer): void;
  /** Nothing that is in flight is answered any more. */
  close(): void;
}
