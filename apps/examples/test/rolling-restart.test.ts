// All three replicas are restarted, one after the other, while clients book and a cron job runs on
// whichever leads.
import { expect, test } from "vitest";
import type { Service } from "../src/service/service.js";
import { createBalancer, send } from "./support/balancer.js";
import { book, startLoad, stockOf } from "./support/load.js";
import { createReplicas } from "./support/replicas.js";
import { createReports } from "./support/reports.js";

const CLIENTS = 6;
/** So many bookings are acknowledged before each step. */
const BOOKINGS = 60;

test("a rolling restart loses and doubles no booking, and the cron job's tokens only rise", async () => {
  const replicas = await createReplicas();
  const balancer = createBalancer();
  const reports = createReports();
  const serve = async (id: string): Promise<Service> => {
    const service = await replicas.start(id);
    reports.follow(service);
    return service;
  };
  const first = await Promise.all(replicas.ids.map(serve));
  for (const { url } of first) balancer.putIn(url);
  const load = startLoad(balancer, CLIENTS, () => reports.tick());
  await Promise.all([load.acknowledged(BOOKINGS), reports.next()]);

  const restarted: Service[] = [];
  for (const service of first) {
    await balancer.takeOut(service.url);
    await service.stop();
    const again = await serve(service.node.id);
    expect(await send(again.url, "GET", "/readyz")).toEqual({ status: 200, body: {} });
    balancer.putIn(again.url);
    restarted.push(again);
    await Promise.all([load.acknowledged(BOOKINGS), reports.next()]);
  }
  const { stocks, unknown, others } = await load.stop();
  for (const answer of others) {
    expect(answer).toMatchObject({ status: 503, body: { code: "NOT_PROPOSED" } });
  }

  // Who doesn't know books again under the same name. Then each apple was booked exactly once.
  const again = await Promise.all(unknown.map((booking) => book(balancer, booking)));
  const all = [...stocks, ...again.map(stockOf)].toSorted((a, b) => a - b);
  expect(all).toEqual(all.map((_, i) => i + 1));
  for (const { url } of restarted) {
    expect(await send(url, "GET", "/items/apple")).toEqual({
      status: 200,
      body: { stock: all.length },
    });
  }

  await Promise.all(restarted.map((service) => service.stop()));
  await reports.ended();
  expect(reports.troubles).toEqual([]);
  const tokens = reports.written.map(({ token }) => token);
  expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
  const leaders = new Map(reports.written.map(({ token, replica }) => [token, replica]));
  for (const { token, replica } of reports.written) expect(replica).toBe(leaders.get(token));
  expect(leaders.size).toBeGreaterThanOrEqual(2);
});
