// Seeds: addresses of which nobody has said yet who is there.
import { connect, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import type { SocketFactory } from "../src/index.js";
import {
  bytes,
  deliver,
  dial,
  frame,
  hello,
  local,
  manualClock,
  messages,
  open,
  port,
  serve,
  until,
} from "./help.js";
import type { End } from "./help.js";

const MESSAGE = 2;

async function openAt(id: string, address: string, overrides: object = {}): Promise<End> {
  return open(local(id, { address, ...overrides }));
}

async function pair(): Promise<{ a: End; b: End; address: string }> {
  const [a, b] = [await open(local("a")), await open(local("b"))];
  const address = b.transport.address();
  a.transport.setPeers([], [address]);
  await until("a met b", () => a.met.length > 0);
  return { a, b, address };
}

/** Counts the dials. */
function countingSockets(): SocketFactory & { dialled(): number } {
  let dialled = 0;
  return {
    createServer,
    connect(options) {
      dialled += 1;
      return connect(options);
    },
    dialled: () => dialled,
  };
}

const b1 = { id: "b", incarnation: "b-0123456789abcdef", run: 1 };

describe("who answers at a seed", () => {
  test("is met, once for each connection, and can be sent to and answer", async () => {
    const { a, b, address } = await pair();
    await deliver(a, "b", bytes(1));
    await until("it arrived", () => b.frames.length > 0);
    expect(b.transport.send("a", [bytes(2)])).toBe(true);
    await until("the answer arrived", () => a.frames.length > 0);
    a.transport.setPeers([], [address]);
    expect([a.met, b.met, a.frames[0]?.from]).toEqual([[b1], [], b1]);
  });

  test("is met again when it comes back with a later run, and lost in between", async () => {
    const { a, b, address } = await pair();
    await b.transport.close();
    await until("a noticed", () => !a.transport.send("b", [bytes(1)]));
    const again = await openAt("b", address, { run: 2 });
    await until("a met it again", () => a.met.length > 1);
    expect(a.met).toEqual([b1, { ...b1, run: 2 }]);
    await deliver(a, "b", bytes(2));
    await until("it arrived", () => again.frames.length > 0);
  });

  test("is met when it comes later", async () => {
    const [a, gone] = [await open(local("a")), await open(local("b"))];
    const address = gone.transport.address();
    await gone.transport.close();
    a.transport.setPeers([], [address]);
    await openAt("b", address);
    await until("a met it", () => a.met.length > 0);
    expect(a.rejected).toEqual([]);
  });

  test("can't be sent to any more when the seed left the list", async () => {
    const { a, b } = await pair();
    a.transport.setPeers([], []);
    expect(a.transport.send("b", [bytes(1)])).toBe(false);
    expect(b.frames).toEqual([]);
  });

  test("can be reached through its own connection when the seed left the list", async () => {
    const { a, b } = await pair();
    b.transport.setPeers([{ id: "a", address: a.transport.address() }], []);
    await deliver(b, "a", bytes(1));
    await until("it arrived", () => a.frames.length > 0);
    a.transport.setPeers([], []);
    await deliver(a, "b", bytes(2));
    await until("it arrived", () => b.frames.length > 0);
  });

  test("is cut off by disconnect, and met again when it was let in again", async () => {
    const { a } = await pair();
    a.transport.disconnect(b1);
    await until("a met it again", () => a.met.length > 1);
    expect(a.met).toEqual([b1, b1]);
  });
});

describe("is turned away and tried again", () => {
  test("a node of another cluster, which both sides report; nobody is met until it is the right one", async () => {
    const [a, blue] = [await open(local("a")), await open(local("b", { clusterId: "blue" }))];
    const address = blue.transport.address();
    a.transport.setPeers([], [address]);
    await until("both know", () => a.rejected.length + blue.rejected.length > 1);
    expect(messages(a)).toEqual([
      [
        "CLUSTER_MISMATCH",
        'a seed (HOST) turned this node away: a belongs to cluster "green", b to "blue"; give both the same cluster id',
      ],
    ]);
    expect(messages(blue)[0]?.[0]).toBe("CLUSTER_MISMATCH");
    await blue.transport.close();
    await openAt("b", address);
    await until("a met it", () => a.met.length > 0);
    expect(a.met).toEqual([b1]);
  });

  test("each seed for itself, though they are on one host", async () => {
    const blue = await open(local("b", { clusterId: "blue" }));
    const red = await open(local("c", { clusterId: "red" }));
    const a = await open(local("a"));
    a.transport.setPeers([], [blue.transport.address(), red.transport.address()]);
    await until("a knows both", () => a.rejected.length > 1);
    expect(a.rejected.slice(0, 2).map(({ message }) => message)).toEqual([
      expect.stringContaining('b to "blue"'),
      expect.stringContaining('c to "red"'),
    ]);
  });

  test("an address that is none, and the others are met", async () => {
    const [a, b] = [await open(local("a")), await open(local("b"))];
    a.transport.setPeers([], ["nonsense", "127.0.0.1:0", b.transport.address()]);
    await until("a met b", () => a.met.length > 0);
    expect(messages(a)).toEqual([
      ["INVALID_ADDRESS", `can't reach a seed at "nonsense"; write host:port or [ipv6]:port`],
      ["INVALID_ADDRESS", `can't reach a seed at "HOST"; write host:port or [ipv6]:port`],
    ]);
  });

  test("a node that calls itself the same, also with a copy of the same directory", async () => {
    const [a, copy] = [await open(local("a")), await open(local("a", { run: 2 }))];
    a.transport.setPeers([], [copy.transport.address()]);
    await until("both know", () => a.rejected.length * copy.rejected.length > 0);
    expect([a, copy].map(({ rejected }) => rejected[0]?.code)).toEqual([
      "DUPLICATE_ID",
      "DUPLICATE_ID",
    ]);
    expect(a.met).toEqual([]);
  });
});

test("a seed that leads to this node itself is passed over without a word", async () => {
  const sockets = countingSockets();
  const [a, b] = [await open(local("a"), { sockets }), await open(local("b"))];
  a.transport.setPeers([], [a.transport.address(), b.transport.address()]);
  await until("it was looked at again and again", () => sockets.dialled() > 12);
  expect([a.met, messages(a)]).toEqual([[b1], []]);
});

test("connections to seeds end neither each other nor those to peers, nor the other way round", async () => {
  const b = await open(local("b"));
  const speaks = async (raw: ReturnType<typeof dial>, byte: number): Promise<void> => {
    raw.socket.write(frame(MESSAGE, bytes(byte)));
    await until(`${byte} arrived`, () => b.frames.some((one) => one.frame[0] === byte));
  };
  const enters = async (to: string | null, byte: number): Promise<ReturnType<typeof dial>> => {
    const raw = dial(b);
    raw.socket.write(hello("a", { to }));
    await speaks(raw, byte);
    return raw;
  };
  const peer = await enters("b", 1);
  const seeds = [await enters(null, 2), await enters(null, 3)];
  await speaks(peer, 4);
  const again = await enters("b", 5);
  await until("only what it replaces has ended", () => peer.closed());
  for (const [i, raw] of [...seeds, again].entries()) await speaks(raw, 6 + i);
});

test("a member keeps its place for where it dialled this node by name", async () => {
  const clock = manualClock();
  const a = await open(local("a"), { maxStrangers: 2, idleTimeoutMs: 60_000, clock });
  a.transport.setPeers([{ id: "b", address: "127.0.0.1:9" }], []);
  const enters = async (id: string, to: string | null): Promise<ReturnType<typeof dial>> => {
    const raw = dial(a);
    raw.socket.write(hello(id, { to, idleTimeoutMs: 60_000 }));
    await until(`${id} was let in`, () => raw.received().length > 0);
    return raw;
  };
  const [seed, peer] = [await enters("b", null), await enters("b", "a")];
  clock.pass(1);
  const strangers = [await enters("c", null), await enters("d", null)];
  await until("a stranger's place was needed", () => seed.closed() || peer.closed());
  expect([seed, peer, ...strangers].map((raw) => raw.closed())).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test("a seed that is also a peer is met, and the peer is sent to and told once", async () => {
  const { a, b, address } = await pair();
  const other = `localhost:${port(b)}`;
  a.transport.setPeers([{ id: "b", address }], [address, other]);
  await until("it was met there too", () => a.met.length > 1);
  await deliver(a, "b", bytes(1));
  await until("it arrived", () => b.frames.length > 0);
  a.transport.setPeers([{ id: "b", address }], []);
  await deliver(a, "b", bytes(2));
  await until("it arrived", () => b.frames.length > 1);
  expect([a.met, a.rejected, b.rejected]).toEqual([[b1, b1], [], []]);
});

test("close ends what seeds began: nobody is dialled or met any more", async () => {
  const { address, accepted } = await serve(({ socket }) => socket.end());
  const [first, second] = [countingSockets(), countingSockets()];
  const a = await open(local("a"), { sockets: first });
  const other = await open(local("c"), { sockets: second });
  const b = await open(local("b"));
  a.transport.setPeers([], [address, b.transport.address()]);
  await until("a met b, and tried the other", () => a.met.length > 0 && accepted.length > 2);
  await a.transport.close();
  const dialled = first.dialled();
  await b.transport.close();
  other.transport.setPeers([], [address]);
  await until("somebody else has dialled often", () => second.dialled() > 10);
  expect([first.dialled(), a.met, a.transport.send("b", [bytes(1)])]).toEqual([
    dialled,
    [b1],
    false,
  ]);
});
