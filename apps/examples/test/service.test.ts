// The service's HTTP API, its start and its end.
import Fastify from "fastify";
import { OutcomeUnknown } from "raftkit";
import { expect, test } from "vitest";
import { addRoutes } from "../src/service/routes.js";
import type { Service } from "../src/service/service.js";
import { send } from "./support/balancer.js";
import { createReplicas } from "./support/replicas.js";

test("any replica takes bookings and tells the stock; wrong requests are refused", async () => {
  const replicas = await createReplicas();
  const [n1 = "", n2 = "", n3 = ""] = (
    await Promise.all(replicas.ids.map((id) => replicas.start(id)))
  ).map(({ url }) => url);
  const delivery = { item: "apple", quantity: 5 };
  expect(await send(n1, "PUT", "/bookings/d1", delivery)).toEqual({
    status: 200,
    body: { outcome: "booked", stock: 5 },
  });
  expect(await send(n2, "GET", "/items/apple")).toEqual({ status: 200, body: { stock: 5 } });
  expect(await send(n3, "PUT", "/bookings/o1", { item: "apple", quantity: -6 })).toEqual({
    status: 409,
    body: { outcome: "outOfStock", stock: 5 },
  });
  expect(await send(n2, "PUT", "/bookings/d1", { item: "pear", quantity: 5 })).toEqual({
    status: 409,
    body: { outcome: "bookingTaken" },
  });
  expect(await send(n2, "GET", "/bookings/d1")).toEqual({
    status: 200,
    body: { ...delivery, stock: 5 },
  });
  expect(await send(n3, "GET", "/bookings/o1")).toMatchObject({ status: 404 });
  expect(await send(n1, "PUT", "/bookings/d2", { item: "apple" })).toMatchObject({ status: 400 });
  expect(await send(n1, "PUT", "/bookings/d.2", delivery)).toMatchObject({ status: 400 });
  expect(await send(n3, "GET", "/livez")).toEqual({ status: 200, body: { state: "running" } });
  expect(await send(n3, "GET", "/readyz")).toEqual({ status: 200, body: {} });
});

test("a replica that is stopped answers the requests that it has", async () => {
  const replicas = await createReplicas();
  const n1 = await replicas.start("n1");
  // Without the others there is no leader yet: it waits.
  const booking = send(n1.url, "PUT", "/bookings/d1", { item: "apple", quantity: 5 });
  await expect
    .poll(() => n1.node.status().counters.proposals, { timeout: 20_000, interval: 10 })
    .toBe(1);
  const stopped = n1.stop();
  const n2 = await replicas.start("n2");
  await replicas.start("n3");
  expect(await booking).toEqual({ status: 200, body: { outcome: "booked", stock: 5 } });
  await stopped;
  expect(await n1.node.closed).toBeUndefined();
  expect(await send(n2.url, "GET", "/items/apple")).toEqual({ status: 200, body: { stock: 5 } });
});

test("a replica that is alone says what it lacks, and that nothing was booked", async () => {
  const replicas = await createReplicas();
  const n1 = await replicas.start("n1");
  const [booking, stock, ready, live] = await Promise.all([
    send(n1.url, "PUT", "/bookings/d1", { item: "apple", quantity: 5 }),
    send(n1.url, "GET", "/items/apple"),
    send(n1.url, "GET", "/readyz"),
    send(n1.url, "GET", "/livez"),
  ]);
  expect(booking).toMatchObject({ status: 503, body: { code: "NOT_PROPOSED" } });
  expect(stock).toMatchObject({ status: 503, body: { code: "READ_FAILED" } });
  expect(ready).toMatchObject({ status: 503, body: { code: "NOT_READY" } });
  expect(ready.body).toMatchObject({ message: expect.stringContaining("n2, n3 didn't answer") });
  expect(live.status).toBe(200);
});

test("a booking that may have been made is answered otherwise than one that wasn't", async () => {
  const propose = (): Promise<never> =>
    Promise.reject(new OutcomeUnknown("leaderChanged", "n2 leads no more"));
  const app = Fastify();
  addRoutes(app, { propose } as Partial<Service["node"]> as Service["node"]);
  const payload = { item: "apple", quantity: 5 };
  const answer = await app.inject({ method: "PUT", url: "/bookings/d1", payload });
  expect([answer.statusCode, answer.json()]).toEqual([
    504,
    { code: "OUTCOME_UNKNOWN", message: "n2 leads no more" },
  ]);
});
