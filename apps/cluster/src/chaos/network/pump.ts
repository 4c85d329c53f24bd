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

export interface Pump {
  /** The rule has changed: what waits for one that is gone leaves now. */
  update(): void;
  /** Bytes, or an end, were dropped: the stream can't be continued. */
  readonly broken: boolean;
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
  readonly at: number;
  readonly bytes: Buffer;
}

export function startPump({ source, sink, rule, traffic, random }: PumpOptions): Pump {
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let lastAt = 0;
  let freeAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  let broken = false;

  function release(): void {
    clearTimeout(timer);
    timer = undefined;
    while (waiting[0] !== undefined && waiting[0].at <= performance.now()) deliver(waiting.shift());
    const [next] = waiting;
    if (next !== undefined) timer = setTimeout(release, Math.max(1, next.at - performance.now()));
    else if (ended && !broken) sink.end();
    if (waitingBytes < MAX_WAITING_BYTES / 2 && !sink.writableNeedDrain) source.resume();
  }

  function deliver(item: Waiting | undefined): void {
    if (item === undefined) return;
    waitingBytes -= item.bytes.length;
    traffic.carriedBytes += item.bytes.length;
    if (!sink.destroyed && !sink.write(item.bytes)) source.pause();
  }

  function drop(bytes: number): void {
    traffic.droppedBytes += bytes;
    broken = true;
  }

  source.on("data", (bytes: Buffer) => {
    const { blackhole, latencyMs, jitterMs, bytesPerSecond } = rule();
    if (blackhole || broken) return drop(bytes.length);
    const now = performance.now();
    freeAt = Math.max(freeAt, now) + (bytes.length / bytesPerSecond) * 1000;
    const at = Math.max(lastAt, freeAt, now + latencyMs + random() * jitterMs);
    lastAt = at;
    if (at > now) traffic.delayedBytes += bytes.length;
    waitingBytes += bytes.length;
    waiting.push({ at, bytes });
    if (waitingBytes > MAX_WAITING_BYTES) source.pause();
    release();
  });
  source.on("end", () => {
    ended = true;
    if (rule().blackhole) broken = true;
    release();
  });
  sink.on("drain", release);
  source.on("close", () => {
    clearTimeout(timer);
  });

  return {
    get broken() {
      return broken;
    },
    update() {
      if (rule().blackhole && waiting.length > 0) {
        drop(waitingBytes);
        waiting = [];
        waitingBytes = 0;
      }
      if (rule().latencyMs + rule().jitterMs === 0 && rule().bytesPerSecond === Infinity) {
        waiting = waiting.map(({ bytes }) => ({ at: 0, bytes }));
        lastAt = freeAt = 0;
      }
      release();
    },
  };
}
