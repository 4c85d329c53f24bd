// Over a slow link small frames don't wait behind a large one. What is asserted is the order, and
// how many bytes may be in front, never a time.
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { bytes, deliver, local, open, until } from "./help.js";

const STEP_MS = 10;

interface SlowLink {
  readonly address: string;
  /** What it has carried to the target. */
  readonly carried: () => number;
}

/** A proxy that carries so many bytes a second to the target; the way back is free. */
async function slowLink(target: string, bytesPerSecond: number): Promise<SlowLink> {
  let carried = 0;
  const server = createServer({ pauseOnConnect: true }, (near) => {
    const far = connect(Number(target.split(":").at(-1)), "127.0.0.1");
    const timer = setInterval(() => {
      const chunk: unknown =
        near.read(Math.min(near.readableLength, (bytesPerSecond * STEP_MS) / 1000)) ?? undefined;
      if (!Buffer.isBuffer(chunk)) return;
      carried += chunk.length;
      far.write(chunk);
    }, STEP_MS);
    near.on("readable", () => undefined); // so that it reads on, up to its high-water mark
    far.pipe(near);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        clearInterval(timer);
        other.destroy();
      });
      onTestFinished(() => {
        socket.destroy();
      });
    }
  });
  onTestFinished(() => {
    server.close();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, carried: () => carried };
}

test("small frames sent after a large one arrive before it, with little in front of each", async () => {
  const [a, b] = [await open(local("a")), await open(local("b"))];
  const link = await slowLink(b.transport.address(), 4_000_000);
  a.transport.setPeers([{ id: "b", address: link.address }], []);
  await deliver(a, "b", bytes(0));
  await until("b heard a", () => b.frames.length === 1);
  const large = new Uint8Array(1_500_000).map((_, i) => i * 31);
  expect(a.transport.send("b", [large])).toBe(true);
  expect(a.transport.send("b", [large.subarray(1), bytes(1)])).toBe(true);
  expect(a.transport.send("b", [large.subarray(0, 70_000)])).toBe(true);
  for (let i = 1; i <= 5; i++) {
    const before = link.carried();
    expect(a.transport.send("b", [bytes(i)])).toBe(true);
    await until(`b heard the small frame ${i}`, () => b.frames.length === i + 1);
    expect(link.carried() - before).toBeLessThan(512 * 1024);
  }
  await until("b heard all", () => b.frames.length === 9);
  expect(b.frames.map(({ frame }) => frame.length)).toEqual([
    1, 1, 1, 1, 1, 1, 1_500_000, 1_500_000, 70_000,
  ]);
  expect(b.frames.slice(0, 6).map(({ frame: [first] }) => first)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(Buffer.from(large).equals(b.frames[6]?.frame ?? bytes())).toBe(true);
  expect(b.frames[7]?.frame.at(-1)).toBe(1);
  expect([a.unreachable, a.rejected, b.rejected]).toEqual([[], [], []]);
});
