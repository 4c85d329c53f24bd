// The HTTP API. A handler proposes or reads, and that is all: the node waits for a leader by
// itself, and how a call can fail has an answer of its own (README).
import type { FastifyInstance } from "fastify";
import { NotProposed, NotReady, OutcomeUnknown, ReadFailed } from "raftkit";
import type { Booking, InventoryNode } from "./inventory.js";

const STATUS = { booked: 200, outOfStock: 409, bookingTaken: 409 } as const;

const NAME = { type: "string", pattern: "^[A-Za-z0-9_-]{1,64}$" } as const;
const BOOKING = {
  params: { type: "object", properties: { booking: NAME } },
  body: {
    type: "object",
    required: ["item", "quantity"],
    properties: {
      item: NAME,
      quantity: { type: "integer", minimum: -1_000_000, maximum: 1_000_000 },
    },
  },
} as const;
const STOCK = { params: { type: "object", properties: { item: NAME } } } as const;

export function addRoutes(app: FastifyInstance, node: InventoryNode): void {
  app.put<{ Params: Pick<Booking, "booking">; Body: Omit<Booking, "booking"> }>(
    "/bookings/:booking",
    { schema: BOOKING },
    async ({ params: { booking }, body: { item, quantity } }, reply) => {
      const result = await node.propose({ booking, item, quantity });
      return reply.code(STATUS[result.outcome]).send(result);
    },
  );

  app.get<{ Params: { item: string } }>("/items/:item", { schema: STOCK }, async ({ params }) => ({
    stock: await node.read(params),
  }));

  app.get<{ Params: { booking: string } }>(
    "/bookings/:booking",
    { schema: { params: BOOKING.params } },
    async ({ params }, reply) => {
      const booked = await node.read(params);
      return booked ?? reply.code(404).send({ code: "NOT_BOOKED", message: "no such booking" });
    },
  );

  /** Whether this process should go on, not whether it can answer. */
  app.get("/livez", (_, reply) => {
    const { state } = node.status();
    return reply.code(state === "running" ? 200 : 503).send({ state });
  });

  /** Waits, so that one request is enough after a start. */
  app.get("/readyz", async () => {
    await node.ready();
    return {};
  });

  app.setErrorHandler((error, _, reply) => {
    if (error instanceof OutcomeUnknown) return reply.code(504).send(bodyOf(error));
    if (error instanceof NotProposed || error instanceof ReadFailed || error instanceof NotReady) {
      return reply.code(503).send(bodyOf(error));
    }
    return reply.send(error);
  });
}

function bodyOf({ code, message }: { readonly code: string; readonly message: string }): object {
  return { code, message };
}
