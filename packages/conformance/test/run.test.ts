// The runner keeps its promises whatever a target does.
import { afterEach, describe, expect, test, vi } from "vitest";
import { formatReport } from "../src/report.js";
import { createRunner, runSuite } from "../src/run.js";
import type { Case, Suite, Target } from "../src/suite.js";
import { createVirtualTimers } from "./support/virtual-timers.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

type Log = string[];

function one(
  id: string,
  run: (...given: Parameters<Case<Log>["run"]>) => Promise<void> | void,
  more: Partial<Case<Log>> = {},
): Case<Log> {
  return {
    id,
    title: `title of ${id}`,
    rule: `rule of ${id}`,
    requires: [],
    capabilities: [],
    ...more,
    run: async (subject, another, progress) => run(subject, another, progress),
  };
}

const good = (): void => undefined;
const bad = (): never => {
  throw new Error("wrong\nin two lines");
};

function target(more: Partial<Target<Log>> = {}): Target<Log> {
  return { name: "a target", capabilities: [], create: () => [], ...more };
}

const outcomes = async (
  suite: Suite<Log>,
  of: Target<Log> = target(),
  options = {},
): Promise<string[]> =>
  (await runSuite(suite, of, options)).map(({ id, outcome }) => `${id} ${outcome}`);

describe("outcomes", () => {
  test("a failure blocks what builds on it, also indirectly, and nothing else", async () => {
    const suite = [
      one("A-01", good),
      one("A-02", bad, { requires: ["A-01"] }),
      one("A-03", good, { requires: ["A-02"] }),
      one("A-04", bad, { requires: ["A-03"] }),
      one("A-05", good, { requires: ["A-01"] }),
    ];
    expect(await outcomes(suite)).toEqual([
      "A-01 passed",
      "A-02 failed",
      "A-03 blocked",
      "A-04 blocked",
      "A-05 passed",
    ]);
  });

  test("a missing capability skips; what builds on a skipped case runs", async () => {
    const suite = [
      one("A-01", bad, { capabilities: ["fly"] }),
      one("A-02", good, { requires: ["A-01"] }),
      one("A-03", bad, { requires: ["A-01"] }),
    ];
    expect(await outcomes(suite)).toEqual(["A-01 skipped", "A-02 passed", "A-03 failed"]);
    expect(await outcomes(suite, target({ capabilities: ["fly"] }))).toEqual([
      "A-01 failed",
      "A-02 blocked",
      "A-03 blocked",
    ]);
  });

  test("a capability that no case asks for is refused: it may be misspelt", async () => {
    await expect(
      runSuite([one("A-01", good, { capabilities: ["fly"] })], target({ capabilities: ["flie"] })),
    ).rejects.toMatchObject({
      code: "CONFORMANCE_UNKNOWN_CAPABILITY",
      message: expect.stringMatching(/"flie".*there are: fly/),
    });
  });

  test("one case alone runs behind what it builds on", async () => {
    const suite = [
      one("A-01", good),
      one("A-02", good),
      one("A-03", bad, { requires: ["A-01"] }),
      one("A-04", good, { requires: ["A-03"] }),
    ];
    expect(await outcomes(suite, target(), { only: "A-04" })).toEqual([
      "A-01 passed",
      "A-03 failed",
      "A-04 blocked",
    ]);
    await expect(runSuite(suite, target(), { only: "A-05" })).rejects.toMatchObject({
      code: "CONFORMANCE_UNKNOWN_CASE",
    });
  });

  test("asked again, a case doesn't run again", async () => {
    let runs = 0;
    const run = createRunner(
      [
        one("A-01", () => {
          runs++;
        }),
        one("A-02", good, { requires: ["A-01"] }),
      ],
      target(),
    );
    expect(await run("A-02")).toMatchObject({ outcome: "passed" });
    expect(await run("A-01")).toBe(await run("A-01"));
    expect(runs).toBe(1);
  });
});

describe("subjects", () => {
  test("each case gets its own, which is let go of whatever happens, and before the next is made", async () => {
    const log: string[] = [];
    let made = 0;
    const suite = [
      one("A-01", (subject) => {
        log.push(`run ${subject[0]}`);
      }),
      one("A-02", bad),
    ];
    const result = await outcomes(
      suite,
      target({
        create: () => {
          log.push("create");
          return [String(++made)];
        },
        dispose: (subject) => {
          log.push(`dispose ${subject[0]}`);
        },
      }),
    );
    expect(result).toEqual(["A-01 passed", "A-02 failed"]);
    expect(log).toEqual(["create", "run 1", "dispose 1", "create", "dispose 2"]);
  });

  test("a case may ask for another one, which is let go of before its own", async () => {
    const log: string[] = [];
    let made = 0;
    const suite = [
      one("A-01", async (subject, another) => {
        log.push(`run ${subject[0]}, ${(await another())[0]}, ${(await another())[0]}`);
        bad();
      }),
    ];
    const result = await outcomes(
      suite,
      target({
        create: () => [String(++made)],
        dispose: (subject) => {
          log.push(`dispose ${subject[0]}`);
        },
      }),
    );
    expect(result).toEqual(["A-01 failed"]);
    expect(log).toEqual(["run 1, 2, 3", "dispose 2", "dispose 3", "dispose 1"]);
  });

  test("one that can't be made, or let go of, fails its case", async () => {
    const results = await runSuite([one("A-01", good)], target({ create: bad }));
    expect(results[0]).toMatchObject({
      outcome: "failed",
      error: { message: expect.stringMatching(/^wrong/) },
    });
    const [kept] = await runSuite(
      [one("A-01", good)],
      target({ dispose: () => Promise.reject(new Error("stuck")) }),
    );
    expect(kept).toMatchObject({
      outcome: "failed",
      error: {
        message:
          "the target's dispose() threw: stuck; it must release what create() made, also after a case that failed or closed it",
      },
    });
  });

  test("one that was made too late is let go of all the same", async () => {
    let finish: (subject: Log) => void = good;
    const disposed = new Promise<Log>((resolve) => {
      void runSuite(
        [one("A-01", good)],
        target({
          create: () =>
            new Promise((made) => {
              finish = made;
            }),
          dispose: resolve,
        }),
        { timeoutMs: 1 },
      ).then((results) => {
        expect(results[0]).toMatchObject({
          outcome: "failed",
          error: { message: "create() did not end within 1 ms" },
        });
        finish(["late"]);
      });
    });
    expect(await disposed).toEqual(["late"]);
  });
});

describe("bounds", () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  test("what hangs fails and the next case runs", async () => {
    const results = await runSuite([one("A-01", never), one("A-02", good)], target(), {
      timeoutMs: 5,
    });
    expect(results).toMatchObject([
      { outcome: "failed", error: { message: "the case did not end within 5 ms" } },
      { outcome: "passed" },
    ]);
    expect(
      await outcomes([one("A-01", good)], target({ dispose: never }), { timeoutMs: 5 }),
    ).toEqual(["A-01 failed"]);
  });

  test("what hangs is told with what came to pass last, if it was said", async () => {
    const [result] = await runSuite(
      [
        one("A-01", (_subject, _another, progress) => {
          progress("n1 started");
          progress();
          return never();
        }),
      ],
      target(),
      { timeoutMs: 5 },
    );
    const message = "the case did not end within 5 ms; what came to pass last: n1 started";
    expect(result).toMatchObject({ error: { message } });
  });

  test("a case that tells of progress may take longer; one that tells of none may not", async () => {
    const timers = createVirtualTimers();
    vi.stubGlobal("setTimeout", timers.setTimeout);
    vi.stubGlobal("clearTimeout", timers.clearTimeout);
    async function threeSteps(progress: () => void): Promise<void> {
      for (let step = 0; step < 3; step++) {
        await new Promise<void>((resolve) => {
          setTimeout(resolve, 900);
        });
        progress();
      }
    }
    const suite = [
      one("A-01", (_subject, _another, progress) => threeSteps(progress)),
      one("A-02", () => threeSteps(good)),
    ];
    const results = outcomes(suite, target(), { timeoutMs: 1000 });
    expect(await timers.run(results)).toEqual(["A-01 passed", "A-02 failed"]);
  });
});

describe("errors outside of every promise", () => {
  /** Vitest counts such errors as its own failures. */
  async function withoutListeners<Value>(run: () => Promise<Value>): Promise<Value> {
    const emitter: NodeJS.EventEmitter = process;
    const kept = ["uncaughtException", "unhandledRejection"].flatMap((event) =>
      emitter.listeners(event).map((listener) => ({ event, listener: listener as () => void })),
    );
    for (const { event, listener } of kept) emitter.off(event, listener);
    try {
      return await run();
    } finally {
      for (const { event, listener } of kept) emitter.on(event, listener);
    }
  }

  test("fail the case that runs, at once, and no other", async () => {
    const thrown = one(
      "A-01",
      () =>
        new Promise<never>(() => {
          setTimeout(() => {
            throw new Error("from a timer");
          }, 0);
        }),
    );
    const unhandled = one("A-02", () => {
      void Promise.reject(new Error("from nobody"));
    });
    const results = await withoutListeners(() =>
      runSuite([thrown, unhandled, one("A-03", good)], target()),
    );
    expect(results).toMatchObject([
      {
        outcome: "failed",
        error: { message: "an error was thrown outside of every promise: from a timer" },
      },
      {
        outcome: "failed",
        error: { message: "an error was thrown outside of every promise: from nobody" },
      },
      { outcome: "passed" },
    ]);
  });

  test("are listened to only while a case runs", async () => {
    const before = process.listenerCount("uncaughtException");
    await runSuite(
      [
        one("A-01", () => expect(process.listenerCount("uncaughtException")).toBe(before + 1)),
        one("A-02", bad),
      ],
      target(),
    );
    expect(process.listenerCount("uncaughtException")).toBe(before);
  });
});

test("what is thrown needn't be an error", async () => {
  const results = await runSuite([one("A-01", () => Promise.reject(3 as never))], target());
  expect(results[0]).toMatchObject({
    outcome: "failed",
    error: { message: "3 was thrown, which is no error" },
  });
});

test("the report is a table with reasons and a sum", async () => {
  const seen: string[] = [];
  const suite = [
    one("A-01", good),
    one("A-02", bad),
    one("A-03", good, { requires: ["A-02"] }),
    one("A-04", good, { capabilities: ["fly"] }),
  ];
  const results = await runSuite(suite, target(), { onResult: ({ id }) => seen.push(id) });
  expect(seen).toEqual(["A-01", "A-02", "A-03", "A-04"]);
  expect(formatReport(results)).toBe(`A-01  passed   title of A-01
A-02  failed   title of A-02
    rule:  rule of A-02
    error: wrong
           in two lines
A-03  blocked  title of A-03 (by A-02)
A-04  skipped  title of A-04 (needs "fly")
NOT TRIED, and so not proven, without "fly": 1 case, such as A-04, title of A-04
1 passed, 1 failed, 1 blocked, 1 skipped`);
});
