// Carries the bytes of one direction of one proxied connection, as the rule of the link says that
// they cross. Order is kept whatever the delay; what waits is bounded by pausing the sender, as a
// full network would.
import type { Socket } from "node:net";
import type { LinkRule } from "./link-rule.js";

export interface Traffic {
  carriedBytes: number;
  droppedBytes: number;
  /** Bytes that were held back by a delay or a throttle. */
  delayedBytes: number;
  resetConnections: number;
}

export interface PumpOptions {
  readonly source: Socket;
  readonly sink: Socket;
  readonly rule: () => LinkRule;
  readonly traffic: Traffic;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}

const MAX_WAITING_BYTES = 1024 * 1024;

interface Waiting {
  /** When it leaves, in milliseconds of `performance.now()`. */
  readonly at: number;
  readonly bytes: Buffer;
}

export class Pump {
  readonly #options: PumpOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** When the last bytes leave: none may overtake them. */
  #lastAt = 0;
  /** When the throttle has let through all that came. */
  #freeAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  #broken = false;

  constructor(options: PumpOptions) {
    this.#options = options;
    const { source, sink } = options;
    source
      .on("data", (bytes: Buffer) => this.#take(bytes))
      .on("end", () => this.#end())
      .on("close", () => clearTimeout(this.#timer));
    sink.on("drain", () => this.#release());
  }

  /** Bytes, or an end, were dropped: the stream can't be continued. */
  get broken(): boolean {
    return this.#broken;
  }

  /** The rule has changed: what waits for one that is gone leaves now. */
  update(): void {
    const { blackhole, latencyMs, jitterMs, bytesPerSecond } = this.#options.rule();
    if (blackhole && this.#waiting.length > 0) {
      this.#drop(this.#waitingBytes);
      this.#waiting = [];
      this.#waitingBytes = 0;
    }
    if (latencyMs + jitterMs === 0 && bytesPerSecond === Infinity) {
      this.#waiting = this.#waiting.map(({ bytes }) => ({ at: 0, bytes }));
      this.#lastAt = this.#freeAt = 0;
    }
    this.#release();
  }

  #take(bytes: Buffer): void {
    const { rule, traffic, source } = this.#options;
    if (rule().blackhole || this.#broken) {
      this.#drop(bytes.length);
      return;
    }
    const now = performance.now();
    const at = this.#timeOf(bytes.length, now);
    if (at > now) traffic.delayedBytes += bytes.length;
    this.#waiting.push({ at, bytes });
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) source.pause();
    this.#release();
  }

  /** When bytes that come now leave: behind the earlier ones, the throttle and the delay. */
  #timeOf(bytes: number, now: number): number {
    const { rule, random } = this.#options;
    const { latencyMs, jitterMs, bytesPerSecond } = rule();
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes / bytesPerSecond) * 1000;
    this.#lastAt = Math.max(this.#lastAt, this.#freeAt, now + latencyMs + random() * jitterMs);
    return this.#lastAt;
  }

  #end(): void {
    this.#ended = true;
    if (this.#options.rule().blackhole) this.#broken = true;
    this.#release();
  }

  #drop(bytes: number): void {
    this.#options.traffic.droppedBytes += bytes;
    this.#broken = true;
  }

  /** Lets go of all whose time has come, and comes back for the next. */
  #release(): void {
    const { source, sink } = this.#options;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let [next] = this.#waiting; next && next.at <= performance.now(); [next] = this.#waiting) {
      this.#waiting.shift();
      this.#deliver(next.bytes);
    }
    const [next] = this.#waiting;
    if (next !== undefined) {
      const ms = Math.max(1, next.at - performance.now());
      this.#timer = setTimeout(() => this.#release(), ms);
    } else if (this.#ended && !this.#broken) sink.end();
    if (this.#waitingBytes < MAX_WAITING_BYTES / 2 && !sink.writableNeedDrain) source.resume();
  }

  #deliver(bytes: Buffer): void {
    const { source, sink, traffic } = this.#options;
    this.#waitingBytes -= bytes.length;
    traffic.carriedBytes += bytes.length;
    if (!sink.destroyed && !sink.write(bytes)) source.pause();
  }
}
