// The links between adapters on loopback sockets do what they promise, whoever is connected.
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createSocketLinks } from "../../src/transport/socket-links.js";

/** Who waits so many times for an answer on another link has given this one all the turns it needs. */
const ROUNDS = 50;

/** Links, and somebody who listens behind them, at an address of his own. */
async function listening(): Promise<{
  readonly links: ReturnType<typeof createSocketLinks>;
  readonly address: string;
  /** Connects through the link from this one: both ends, by what they are. */
  readonly join: (from: string) => Promise<Record<"client" | "server", Socket>>;
}> {
  const links = createSocketLinks();
  const sockets: Socket[] = [];
  const ends = new Map<number, (server: Socket) => void>();
  const port = await links.freePort();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined).once("data", (chunk) => ends.get(Number(chunk))?.(socket));
  });
  await new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await links.close();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = `127.0.0.1:${port}`;
  return {
    links,
    address,
    async join(from) {
      const number = sockets.length;
      const own = await links.route(from, { id: "n2", address });
      const client = connect({ port: Number(own.split(":")[1]), allowHalfOpen: true });
      sockets.push(client.on("error", () => undefined));
      const accepted = new Promise<Socket>((resolve) => ends.set(number, resolve));
      client.write(String(number));
      return { client, server: await accepted };
    },
  };
}

/** Whether this end has been told that the other one is gone. */
function told(socket: Socket): () => boolean {
  let was = false;
  socket.resume();
  for (const event of ["end", "error", "close"]) socket.once(event, () => (was = true));
  return () => was;
}

async function answered({ client, server }: Record<"client" | "server", Socket>): Promise<void> {
  server.pipe(server);
  for (let round = 0; round < ROUNDS; round++) {
    const answer = new Promise((resolve) => client.once("data", resolve));
    client.write("?");
    await answer;
  }
}

const ways = ["destroy", "end", "resetAndDestroy"] as const;

test.each(
  ways.flatMap((way) => [
    { way, hangsUp: "client", stays: "server" } as const,
    { way, hangsUp: "server", stays: "client" } as const,
  ]),
)("on a stalled link a $way of the $hangsUp is news only when it is healed", async (one) => {
  const { links, join } = await listening();
  const [stalled, other] = [await join("n1"), await join("n3")];
  const hears = told(stalled[one.stays]);
  const isAnswered = told(stalled[one.hangsUp]);
  links.stall("n1", "n2");
  stalled[one.hangsUp][one.way]();
  await answered(other);
  expect(hears()).toBe(false);
  if (one.way === "end") expect(isAnswered()).toBe(false);
  const gone = new Promise((resolve) => stalled[one.stays].once("close", resolve));
  stalled[one.stays].on("end", () => stalled[one.stays].destroy());
  links.heal("n1", "n2");
  await gone;
});

test.each([
  ["cut", "cut"],
  ["healed", "heal"],
] as const)("who dials on a stalled link hears nothing until it is %s", async (_title, control) => {
  const { links, address, join } = await listening();
  const other = await join("n3");
  const own = await links.route("n1", { id: "n2", address });
  links.stall("n1", "n2");
  const client = connect({ port: Number(own.split(":")[1]) });
  client.on("error", () => undefined);
  const hears = told(client);
  await new Promise((resolve) => client.once("connect", resolve));
  await answered(other);
  expect(hears()).toBe(false);
  const gone = new Promise((resolve) => client.once("close", resolve));
  links[control]("n1", "n2");
  await gone;
});

test.each(["localhost:7301", "ws://localhost:7301", "[::1]:7301", "localhost:7301/raft", "node-7"])(
  "%s is refused: it is no place where a proxy could stand",
  async (address) => {
    const links = createSocketLinks();
    onTestFinished(() => links.close());
    await expect(links.route("n1", { id: "n2", address })).rejects.toMatchObject({
      code: "CONFORMANCE_SUBJECT",
      message: `"${address}" is neither 127.0.0.1:PORT nor an absolute path; createSocketLinks can't stand in between; use 127.0.0.1`,
    });
  },
);
