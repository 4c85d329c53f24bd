// What a chaos run is started with.

export interface ChaosOptions {
  readonly nodes: number;
  /** How long load and faults go on. */
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
  /** Worked on at a time. */
  readonly keys: number;
  /** Operations per second, of all clients together. */
  readonly rate: number;
  /** Where the report goes. */
  readonly out: string;
  /** The nodes' data stays there too. */
  readonly keep: boolean;
  /** The verdict is printed as JSON. */
  readonly json: boolean;
}
