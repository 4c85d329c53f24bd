// The Redis port over a state machine in memory that a test can make fail, on a port of its own.
import { onTestFinished } from "vitest";
import type { NodeStatus } from "raftkit";
import { defaultRedisLimits } from "../../src/redis/limits.js";
import type { RedisLimits } from "../../src/redis/limits.js";
import { createRedisListener } from "../../src/redis/listener.js";
import type { RedisCutReason, RedisListener } from "../../src/redis/listener.js";
import { fakeNode } from "../fake-node.js";
import { fakeKv, recordingLogger } from "../fixture.js";
import type { FakeKv, LogLine } from "../fixture.js";
import { connectTo } from "./client.js";
import type { Client } from "./client.js";

export interface RedisPort {
  readonly at: string;
  readonly kv: FakeKv;
  /** The operations of each batch that was proposed. */
  readonly proposed: readonly Uint8Array[];
  readonly lines: readonly LogLine[];
  readonly cuts: readonly RedisCutReason[];
  readonly listener: RedisListener;
  readonly connect: () => Client;
}

export async function startRedis({
  maxValueBytes = 1_048_576,
  status = () => fakeNode().status(),
  ...limits
}: {
  readonly maxValueBytes?: number;
  readonly status?: () => NodeStatus | undefined;
} & Partial<RedisLimits> = {}): Promise<RedisPort> {
  const kv = fakeKv({});
  const { lines, ...logger } = recordingLogger();
  const cuts: RedisCutReason[] = [];
  const proposed: Uint8Array[] = [];
  const listener = createRedisListener({
    calls: {
      read: (query, options) => kv.read(query, options),
      proposeBatch(operations, options) {
        proposed.push(operations);
        return kv.proposeBatch(operations, options);
      },
    },
    maxValueBytes,
    status,
    logger,
    onCut: (reason) => cuts.push(reason),
    limits: { ...defaultRedisLimits, ...limits },
  });
  const port = await listener.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => listener.drain(0));
  const at = `127.0.0.1:${port}`;
  return { at, kv, proposed, lines, cuts, listener, connect: () => connectTo(at) };
}

/** A promise and what resolves it. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
