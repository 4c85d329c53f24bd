// Loggers and listeners that fail, and an apply that hangs: none of them may keep a node that must
// stop from ending its calls, releasing its parts and saying why (hazard 73).
import { describe, expect, onTestFinished, test } from "vitest";
import type { Logger, RaftkitError } from "raftkit";
import { CloseTimedOut, InvalidOption, OutcomeUnknown, ReadFailed } from "raftkit";
import type { TestCluster } from "./support/cluster.js";
import { cluster } from "./support/cluster.js";

const failures: readonly (readonly [string, () => unknown])[] = [
  [
    "throws",
    () => {
      throw new Error("not my day");
    },
  ],
  ["gives a promise that rejects", () => Promise.reject(new Error("not my day"))],
];

for (const [how, fail] of failures) {
  describe(`where every logger and listener ${how}`, () => {
    const logger: Logger = {
      debug: fail,
      info: fail,
      warn: fail,
      error: fail,
    };

    test("a cluster forms, commits, and changes its leader", async () => {
      const { clock, network, members, leader, followers } = await cluster(3, { logger });
      for (const { node } of members) {
        for (const event of ["role", "commit", "membership", "error"] as const) {
          node.on(event, fail);
        }
      }
      expect(await clock.outcome(leader.node.propose("a"))).toBe(1);
      network.isolate(leader.id);
      await clock.until(() => followers.some(({ node }) => node.status().role === "leader"));
      expect(members.map(({ node }) => node.status().state)).not.toContain("failed");
    });

    test("a node that fails ends its calls, releases everything, and says so to the next listener", async () => {
      const { clock, leader } = await cluster(1, { logger });
      const errors: RaftkitError[] = [];
      leader.node.on("error", fail);
      leader.node.on("error", (error) => errors.push(error));
      const cause = new Error("EIO");
      leader.log.writeError = cause;
      leader.machine.answering = () => new Promise(() => {});
      const read = leader.node.read("q", { timeoutMs: Infinity }).catch((error: unknown) => error);
      const proposed = leader.node
        .propose("a", { timeoutMs: Infinity })
        .catch((error: unknown) => error);
      expect(await clock.outcome(proposed)).toBeInstanceOf(OutcomeUnknown);
      expect(await clock.outcome(read)).toBeInstanceOf(ReadFailed);
      expect(errors).toMatchObject([{ code: "STORAGE_FAILED", cause }]);
      await clock.outcome(leader.node.close());
      expect(leader.log.calls.filter((call) => call === "close")).toHaveLength(1);
      expect(leader.transport.calls.filter((call) => call === "close")).toHaveLength(1);
      expect(leader.machine.closed).toBe(1);
    });
  });
}

test("a listener's failure is logged with the event's name, not at every event", async () => {
  const lines: string[] = [];
  const logger: Logger = {
    debug() {},
    info() {},
    warn() {},
    error: (_fields, message) => void lines.push(message),
  };
  const { clock, leader } = await cluster(1, { logger });
  leader.node.on("commit", () => {
    throw new Error("not my day");
  });
  leader.node.on("commit", (() => Promise.reject(new Error("nor mine"))) as () => void);
  for (let i = 0; i < 100; i++) await clock.outcome(leader.node.propose("a"));
  await clock.flush();
  expect(lines).toEqual(['a listener of "commit" threw: not my day']);
});

describe("close, while an apply hangs", () => {
  async function hanging(): Promise<TestCluster & { readonly finish: () => void }> {
    const started = await cluster(1);
    let finish = (): void => {};
    started.leader.machine.applying = () => new Promise((resolve) => (finish = resolve));
    started.leader.node.propose("a").catch(() => {});
    started.leader.node.propose("b").catch(() => {});
    await started.clock.run(20);
    onTestFinished(() => finish());
    return { ...started, finish: () => finish() };
  }

  test("rejects after timeoutMs and names what it waits for; transport and log are released", async () => {
    const { clock, leader } = await hanging();
    const before = clock.now();
    const error: unknown = await clock.outcome(
      leader.node.close({ timeoutMs: 250 }).catch((reason: unknown) => reason),
    );
    expect(clock.now() - before).toBe(250);
    expect(error).toBeInstanceOf(CloseTimedOut);
    expect(error).toMatchObject({ code: "CLOSE_TIMED_OUT", pending: ["state machine"] });
    expect(String(error)).toMatch(/after 250 ms node n1 still waits for its state machine/);
    expect(leader.log.calls).toContain("close");
    expect(leader.transport.calls).toContain("close");
    expect(leader.node.status().state).toBe("closed");
  });

  test("the state machine is closed once, after the apply has ended, never beneath it", async () => {
    const { clock, leader, finish } = await hanging();
    await clock.outcome(leader.node.close({ timeoutMs: 0 }).catch(() => {}));
    await clock.run(10_000);
    expect(leader.machine.closed).toBe(0);
    finish();
    await clock.outcome(leader.node.close({ timeoutMs: 1000 }));
    expect(leader.machine.closed).toBe(1);
    expect(leader.machine.commands).toEqual(["a"]);
    expect(clock.timers).toBe(0);
  });

  test("without timeoutMs it waits", async () => {
    const { clock, leader, finish } = await hanging();
    let closed = false;
    void leader.node.close().then(() => (closed = true));
    await clock.run(60_000);
    expect(closed).toBe(false);
    finish();
    await clock.until(() => closed);
    expect(leader.machine.closed).toBe(1);
  });
});

test("a wrong timeoutMs of close is refused, and closes nothing", async () => {
  const { clock, leader } = await cluster(1);
  await expect(clock.outcome(leader.node.close({ timeoutMs: NaN }))).rejects.toBeInstanceOf(
    InvalidOption,
  );
  expect(leader.node.status().state).toBe("running");
});

test.each<[string, unknown, string]>([
  [
    "propose",
    { timeout: 5 },
    "propose: option timeout: there is no such option; did you mean timeoutMs? ",
  ],
  [
    "propose",
    500,
    "the options of propose: given a number; allowed: an object with signal, timeoutMs, wait",
  ],
  ["read", { wait: "no" }, 'read: option wait: given a string "no"; allowed: true or false'],
  [
    "ready",
    { wait: false },
    "ready: option wait: there is no such option; allowed: signal, timeoutMs",
  ],
  [
    "close",
    { timeout: 5 },
    "close: option timeout: there is no such option; did you mean timeoutMs? ",
  ],
])(
  "wrong options of %s are refused by name, and nothing is done: %j",
  async (call, options, message) => {
    const { clock, leader } = await cluster(1);
    const method = Reflect.get(leader.node, call) as () => Promise<unknown>;
    const given = call === "propose" || call === "read" ? ["a", options] : [options];
    const ended: unknown = await clock.outcome(
      Reflect.apply(method, leader.node, given).catch((error: unknown) => error),
    );
    expect(ended).toBeInstanceOf(InvalidOption);
    expect(String(ended)).toContain(message);
    expect(leader.node.status()).toMatchObject({ state: "running", counters: { proposals: 0 } });
  },
);

test("an event that doesn't exist is refused, and the message names those that do", async () => {
  const { leader } = await cluster(1);
  const misspelt = JSON.parse('"eror"') as "error";
  const listen = (): unknown => leader.node.on(misspelt, () => {});
  expect(listen).toThrow(InvalidOption);
  expect(listen).toThrow(
    'there is no event "eror"; a node has role, commit, membership, removed, snapshot, divergence, error',
  );
});
