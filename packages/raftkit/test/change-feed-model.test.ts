// The change feed against a model: whatever a client was given is the log behind the position that
// it began at, without a gap or a double.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createVirtualClock } from "./support/clock.js";
import { Client, Replica } from "./support/feed-model.js";

const LOG_LENGTH = 60;

const someReplica = fc.nat({ max: 1 });
const someClient = fc.nat({ max: 2 });
const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constant("apply"), someReplica, fc.integer({ min: 1, max: 20 })),
  },
  { weight: 8, arbitrary: fc.tuple(fc.constant("ask"), someClient, fc.constant(0)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("connect"), someClient, someReplica) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("install"), someReplica, fc.nat({ max: LOG_LENGTH })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("restart"), someReplica, fc.nat({ max: LOG_LENGTH })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constant("pass"), fc.constant(0), fc.integer({ min: 1, max: 400 })),
  },
);
const anyLog = fc.array(
  fc.option(fc.array(fc.constantFrom("a", "b", "ab"), { maxLength: 3 }), {
    nil: undefined,
    freq: 5,
  }),
  { minLength: LOG_LENGTH, maxLength: LOG_LENGTH },
);

test("each client has the log behind where it began, or a typed end", async () => {
  await fc.assert(
    fc.asyncProperty(anyLog, fc.array(anyStep, { maxLength: 60 }), async (kinds, steps) => {
      // Each event is one of a kind, so that a double shows.
      const log = kinds.map((events, i) => events?.map((kind, n) => `${kind}-${i + 1}-${n}`));
      const clock = createVirtualClock();
      const replicas = [new Replica(log, clock), new Replica(log, clock)] as const;
      const clients = ["", "a", "b"].map((prefix) => new Client(log, replicas[0], prefix));
      for (const client of clients) client.connect(replicas[0]);
      for (const [what, which, number] of steps) {
        const replica = replicas[which === 0 ? 0 : 1];
        if (what === "apply") replica.apply(number);
        if (what === "install") {
          replica.install(Math.min(number, replicas[which === 0 ? 1 : 0].applied));
        }
        if (what === "restart") replica.restart(number);
        if (what === "ask") clients[which]?.ask();
        if (what === "connect") clients[which]?.connect(replicas[number === 0 ? 0 : 1]);
        if (what === "pass") await clock.run(number);
        await clock.flush();
        for (const client of clients) client.check();
      }
      for (const replica of replicas) replica.apply(LOG_LENGTH);
      const last = replicas[0].feed.index;
      for (const client of clients) {
        for (let left = 300; left > 0 && client.position < last; left--) {
          if (client.isCut) client.connect(replicas[0]);
          client.ask();
          await clock.run(50);
        }
        expect(client.position).toBeGreaterThanOrEqual(last);
        client.check();
      }
      for (const { feed } of replicas) feed.close();
      await clock.flush();
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 150 },
  );
});
