import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { Clock } from "@raftkit/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { createTcpTransport } from "../src/index.js";
import {
  bytes,
  countedResources,
  deliver,
  dial,
  frame,
  hello,
  local,
  meet,
  messages,
  open,
  port,
  serve,
  until,
} from "./help.js";

describe("reconnecting", () => {
  test("a peer that comes back with a later run is reached at once, though the pause is long", async () => {
    const a = await open(local("a"), { reconnectMs: { min: 60_000, max: 60_000 } });
    const b = await open(local("b"));
    meet(a, b);
    await deliver(a, "b", bytes(1));
    await b.transport.close();
    await until(
      "a noticed",
      () => !a.transport.send("b", [bytes(2)]) && a.unreachable.includes("b"),
    );
    const again = await open(local("b", { run: 2, address: b.transport.address() }));
    meet(a, again);
    await deliver(a, "b", bytes(3));
    await until("the new run heard it", () => again.frames.length === 1);
    await again.transport.close();
    // Once, or twice where a had dialled, too: whose connection came first is a race.
    await until("a noticed again", () => a.unreachable.length > 0);
    a.transport.setPeers([], []);
    a.unreachable.length = 0;
    a.transport.setPeers([{ id: "b", address: b.transport.address() }], []);
    await until("the dial failed", () => a.unreachable.length > 0);
    const third = await open(local("b", { run: 3, address: b.transport.address() }));
    third.transport.setPeers([{ id: "a", address: a.transport.address() }], []);
    await deliver(third, "a", bytes(4));
    await until(
      "a dialled: its own connection carries frames after the other's is gone",
      () => third.transport.send("a", []) && a.frames.length > 0,
    );
    third.transport.setPeers([], []);
    await until(
      "only a's connection is left",
      () =>
        a.transport.send("b", [bytes(5)]) && third.frames.some(({ frame: [first] }) => first === 5),
    );
    expect(messages(a)).toEqual([]);
  });

  test("goes on until the peer is there, reporting it unreachable meanwhile", async () => {
    const { address } = await open(local("x")).then(async (end) => {
      await end.transport.close();
      return { address: end.transport.address() };
    });
    const a = await open(local("a"));
    a.transport.setPeers([{ id: "b", address }], []);
    expect(a.transport.send("b", [bytes(1)])).toBe(false);
    expect(a.unreachable).toEqual([]);
    await until("it failed some times", () => a.unreachable.length > 3);
    const b = await open(local("b", { address }));
    await deliver(a, "b", bytes(2));
    await until("b heard", () => b.frames.length === 1);
    expect(b.frames[0]?.frame).toEqual(bytes(2));
  });

  test("a peer that moved is dialled at its new address, one that left is dialled no more", async () => {
    const [a, b, c] = [
      await open(local("a")),
      await open(local("b")),
      await open(local("b", { run: 2 })),
    ];
    a.transport.setPeers([{ id: "b", address: b.transport.address() }], []);
    await deliver(a, "b", bytes(1));
    a.transport.setPeers([{ id: "b", address: c.transport.address() }], []);
    await deliver(a, "b", bytes(2));
    await until("each heard one", () => b.frames.length === 1 && c.frames.length === 1);
    a.transport.setPeers([], []);
    expect(a.transport.send("b", [bytes(3)])).toBe(false);
  });

  test("an address that is none is reported, and the other peers are reached", async () => {
    const [a, b] = [await open(local("a")), await open(local("b"))];
    a.transport.setPeers(
      [
        { id: "c", address: "nonsense" },
        { id: "b", address: b.transport.address() },
      ],
      [],
    );
    expect(a.rejected).toEqual([]);
    await deliver(a, "b", bytes(1));
    await until("it was reported", () => a.rejected.length === 1);
    expect(messages(a)).toEqual([
      ["INVALID_ADDRESS", `can't reach c at "nonsense"; write host:port or [ipv6]:port`],
    ]);
  });
});

describe("pauses", () => {
  test("grow while connections break as soon as they are made, and begin anew after one that lasted", async () => {
    const { address, accepted } = await serve((raw) => {
      raw.socket.write(hello("b", { idleTimeoutMs: 3_600_000 }));
      if (accepted.length < 6) raw.socket.end();
    });
    let now = 0;
    const timers = new Set<{ readonly at: number; readonly run: () => void }>();
    const clock: Clock = {
      now: () => now,
      schedule(at, run) {
        const timer = { at, run };
        timers.add(timer);
        return () => timers.delete(timer);
      },
      defer: (run) => void setImmediate(run),
    };
    const a = await open(local("a"), {
      reconnectMs: { min: 10, max: 160 },
      idleTimeoutMs: 3_600_000,
      handshakeTimeoutMs: 3_600_000,
      random: () => 1,
      clock,
    });
    a.transport.setPeers([{ id: "b", address }], []);
    const pauses: number[] = [];
    const pause = async (): Promise<void> => {
      const next = (): { readonly at: number; readonly run: () => void } | undefined =>
        [...timers].find(({ at }) => at - now <= 160);
      await until("there is a pause", () => next() !== undefined);
      const timer = next();
      if (timer === undefined) return;
      timers.delete(timer);
      pauses.push(timer.at - now);
      now = timer.at;
      timer.run();
    };
    for (let i = 0; i < 5; i++) await pause();
    expect(pauses).toEqual([10, 20, 40, 80, 160]);
    await deliver(a, "b", bytes(1));
    now += 160;
    accepted[5]?.socket.destroy();
    await pause();
    expect(pauses.at(-1)).toBe(10);
  });
});

describe("half-open connections", () => {
  test("a peer that goes silent after its hello is dropped and dialled again", async () => {
    const { address, accepted } = await serve((raw) => raw.socket.write(hello("b")));
    const a = await open(local("a"), { idleTimeoutMs: 60 });
    a.transport.setPeers([{ id: "b", address }], []);
    await deliver(a, "b", bytes(1));
    await until(
      "it was dropped and dialled again",
      () => accepted.length > 1 && accepted[0]?.closed() === true,
    );
    expect(a.unreachable).toContain("b");
  });

  test("a peer that accepts and never speaks is given up and reported", async () => {
    const { address, accepted } = await serve(() => undefined);
    const a = await open(local("a"), { handshakeTimeoutMs: 50 });
    a.transport.setPeers([{ id: "b", address }], []);
    await until("it was dialled again", () => accepted.length > 1);
    expect(messages(a)).toEqual([
      ["HANDSHAKE_TIMEOUT", "cut the connection to b: HOST did not introduce itself within 50 ms"],
    ]);
    expect(a.transport.send("b", [])).toBe(false);
  });

  test("an idle connection lives: both sides show signs of life, as often as the more impatient one needs", async () => {
    const [a, b] = [
      await open(local("a"), { idleTimeoutMs: 400 }),
      await open(local("b"), { idleTimeoutMs: 60_000 }),
    ];
    a.transport.setPeers([{ id: "b", address: b.transport.address() }], []);
    await deliver(a, "b", bytes(1));
    const raw = dial(a);
    raw.socket.write(hello("c"));
    await until("the silent one was cut", raw.closed);
    await until("b heard", () => b.frames.length === 1);
    expect(a.unreachable).toEqual([]);
    expect(a.transport.send("b", [bytes(2)])).toBe(true);
  });
});

describe("queues", () => {
  test("a peer that never reads costs no more than the limit, and the others nothing", async () => {
    const { address } = await serve((raw) => {
      raw.socket.pause();
      raw.socket.write(hello("b", { idleTimeoutMs: 60_000, maxFrameBytes: 100_000 }));
    });
    const limits = { maxQueueBytes: 2_000_000, maxFrameBytes: 100_000, idleTimeoutMs: 60_000 };
    const [a, c] = [await open(local("a"), limits), await open(local("c"), limits)];
    a.transport.setPeers(
      [
        { id: "b", address },
        { id: "c", address: c.transport.address() },
      ],
      [],
    );
    const part = new Uint8Array(100_000);
    await deliver(a, "b", part);
    await deliver(a, "c", bytes(1));
    a.unreachable.length = 0;
    let taken = 0;
    while (taken < 1000 && a.transport.send("b", [part])) taken += 1;
    expect(taken).toBeLessThanOrEqual(20);
    expect(a.unreachable).toEqual([]);
    // The system's buffers take some more; then it stays full.
    await until(
      "the system takes no more",
      () => !a.transport.send("b", [part]) && a.unreachable.includes("b"),
    );
    expect(a.transport.send("c", [bytes(2)])).toBe(true);
    await until("c heard both", () => c.frames.length === 2);
  });

  test("take frames again when the peer reads again, in order", async () => {
    const { address, accepted } = await serve((raw) => {
      raw.socket.pause();
      raw.socket.write(hello("b", { idleTimeoutMs: 60_000, maxFrameBytes: 60_000 }));
    });
    const a = await open(local("a"), {
      maxQueueBytes: 3_000_000,
      maxFrameBytes: 60_000,
      idleTimeoutMs: 60_000,
    });
    a.transport.setPeers([{ id: "b", address }], []);
    let taken = 0;
    const numbered = (): Uint8Array => new Uint8Array(60_000).fill(taken);
    await until("it is full", () => {
      while (taken < 1000 && a.transport.send("b", [numbered()])) taken += 1;
      return taken > 0 && a.unreachable.length > 0;
    });
    accepted[0]?.socket.resume();
    await until("there is room", () => a.transport.send("b", [numbered()]));
    const helloBytes = (): number => (accepted[0]?.received().length ?? 0) - (taken + 1) * 60_009;
    await until("all arrived", () => helloBytes() > 0);
    const received = accepted[0]?.received() ?? Buffer.alloc(0);
    for (let i = 0; i <= taken; i++) {
      expect(received[received.length - (taken + 1 - i) * 60_009 + 30_000]).toBe(i);
    }
  });
});

describe("starting and closing", () => {
  test("a port that is taken is named", async () => {
    const a = await open(local("a"));
    const address = a.transport.address();
    const second = createTcpTransport();
    const handler = {
      receive: () => undefined,
      met: () => undefined,
      unreachable: () => undefined,
      rejected: () => undefined,
    };
    await expect(second.start(local("b", { address }), handler)).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: `can't listen on ${address}: another process does; stop that one, or give this node another address`,
    });
    await second.close();
    await expect(
      createTcpTransport({ listen: "nowhere" }).start(local("b"), handler),
    ).rejects.toMatchObject({ code: "INVALID_ADDRESS" });
    await expect(
      createTcpTransport().start(local("b", { incarnation: "short" }), handler),
    ).rejects.toThrow('the incarnation is "short"; give 16 to 64 characters of A-Z a-z 0-9 _ -');
    expect(() => createTcpTransport({ maxQueueBytes: 5 })).toThrow(
      "maxQueueBytes is 5; give a whole number from 8388672 to 9007199254740991",
    );
    const misspelt = Object.fromEntries([["idleTimeout", 5000]]);
    expect(() => createTcpTransport(misspelt)).toThrow(
      "createTcpTransport: option idleTimeout: there is no such option; did you mean idleTimeoutMs?",
    );
    const mistyped = JSON.parse('{"listen":7101}') as object;
    expect(() => createTcpTransport(mistyped)).toThrow(
      "createTcpTransport: option listen: given a number; allowed: a string",
    );
  });

  test("listens where it is told to, and says its own address to the others", async () => {
    const a = await open(local("a", { address: "a.example:7101" }), { listen: "127.0.0.1:0" });
    const raw = dial(a);
    raw.socket.write(hello("b"));
    await until("a answered", () => raw.received().includes('"address":"a.example:7101"'));
    expect(port(a)).toBeGreaterThan(0);
  });

  test("after the close not even the loss of a connection is told", async () => {
    const [a, b] = [await open(local("a")), await open(local("b"))];
    b.transport.setPeers([{ id: "a", address: a.transport.address() }], []);
    await deliver(b, "a", bytes(1));
    await until("a heard b", () => a.frames.length === 1);
    expect(a.transport.send("b", [bytes(2)])).toBe(true);
    await a.transport.close();
    await until("b noticed", () => b.unreachable.includes("a"));
    expect([a.unreachable, a.rejected]).toEqual([[], []]);
  });

  test("close ends every socket, the handler hears nothing more, and nothing keeps the process alive", async () => {
    const { timers, openSockets, ...resources } = countedResources();
    const [a, b] = [await open(local("a"), resources), await open(local("b"), resources)];
    const dead = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => {
      dead.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => {
      dead.close();
    });
    const { port: silent } = dead.address() as AddressInfo;
    for (const end of [a, b]) {
      end.transport.setPeers(
        [
          { id: "a", address: a.transport.address() },
          { id: "b", address: b.transport.address() },
          { id: "c", address: `127.0.0.1:${silent}` },
          { id: "d", address: "127.0.0.1:1" },
        ],
        [],
      );
    }
    const raw = dial(a);
    raw.socket.write(hello("e"));
    await deliver(a, "b", bytes(1));
    await deliver(b, "a", bytes(1));
    raw.socket.write(frame(2, bytes(1)));
    await until("a heard both", () => a.frames.length === 2);
    for (let i = 0; i < 100; i++) b.transport.send("a", [new Uint8Array(100_000)]);
    expect([timers.size, openSockets.size]).not.toContain(0);
    const closing = a.transport.close();
    expect(a.transport.send("b", [bytes(1)])).toBe(false);
    a.transport.disconnect({ id: "b", incarnation: "b-0123456789abcdef", run: 1 });
    a.transport.setPeers([{ id: "b", address: b.transport.address() }], []);
    await closing;
    const heard = [a.frames.length, a.unreachable.length, a.rejected.length];
    await a.transport.close();
    await b.transport.close();
    expect([timers.size, openSockets.size]).toEqual([0, 0]);
    dead.close();
    await until("the raw socket is closed too", raw.closed);
    expect([a.frames.length, a.unreachable.length, a.rejected.length]).toEqual(heard);
  });
});
