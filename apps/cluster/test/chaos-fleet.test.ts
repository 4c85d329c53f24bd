// What faults do to processes, and that nothing that goes wrong with one is overlooked. Stand-ins
// for the servers.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { checkObservations } from "../src/chaos/checks/run-observations.js";
import type { RunObservations } from "../src/chaos/checks/run-observations.js";
import { Fleet } from "../src/chaos/processes/fleet.js";
import { startNetwork } from "../src/chaos/network/network.js";
import { startObserver } from "../src/chaos/processes/observer.js";
import { layOut } from "../src/supervisor/layout.js";
import { fakeServer, freePorts, temporaryDirectory } from "./support/environment.js";

const WAIT = { timeout: 20_000, interval: 10 };

interface Started {
  readonly fleet: Fleet;
  readonly directory: (node: number) => string;
  /** Process ids that the watchdog would end now. */
  readonly watched: ReadonlySet<number>;
  readonly http: (node: number) => string;
}

/** Two nodes, each with a file in its directory. */
async function started(): Promise<Started> {
  const data = temporaryDirectory();
  mkdirSync(join(data, "logs"));
  const places = layOut({ nodes: 2, httpBase: await freePorts(3), peerBase: 1, data });
  for (const { directory, id } of places) {
    mkdirSync(directory);
    writeFileSync(join(directory, "mine"), id);
  }
  const network = await startNetwork([1, 2], () => 0);
  const watched = new Set<number>();
  const watchdog = {
    watch: (pid: number) => void watched.add(pid),
    forget: (pid: number) => void watched.delete(pid),
    close: async () => {},
  };
  const fleet = new Fleet({
    places,
    founders: 2,
    serverCommand: [fakeServer],
    network,
    watchdog,
    now: () => 0,
    wipedTimeoutMs: 100,
  });
  onTestFinished(async () => {
    fleet.supervisor.killAll();
    await fleet.supervisor.stop();
    await network.close();
  });
  await fleet.startAll();
  return {
    fleet,
    directory: (node) => places[node]?.directory ?? "",
    watched,
    http: (node) => places[node]?.http ?? "",
  };
}

const pidsOf = ({ supervisor }: Fleet): number[] =>
  supervisor.nodes().flatMap(({ pid }) => (pid === null ? [] : [pid]));
const statesOf = ({ states }: Fleet, node: number): string[] =>
  states.filter((change) => change.node === node).map(({ state }) => state);
const processState = (pid: number | undefined): string =>
  /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "";

describe("the fleet", () => {
  test("gives each node its own way to the others, all the same list of peers", async () => {
    const { fleet } = await started();
    const args = pidsOf(fleet).map((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0"),
    );
    const valueOf = (of: string[] | undefined, flag: string): string =>
      of?.[of.indexOf(flag) + 1] ?? "";
    expect(valueOf(args[0], "--peers")).toBe("n1=127.0.0.1:2,n2=127.0.0.1:3");
    expect(valueOf(args[1], "--peers")).toBe(valueOf(args[0], "--peers"));
    expect([valueOf(args[0], "--peer-via"), valueOf(args[1], "--peer-via")]).toEqual([
      expect.stringMatching(/^127.0.0.1:3=127.0.0.1:\d+$/),
      expect.stringMatching(/^127.0.0.1:2=127.0.0.1:\d+$/),
    ]);
  });

  test("kills, starts and restarts, and lets the watchdog know of exactly those that run", async () => {
    const { fleet, watched } = await started();
    const before = pidsOf(fleet);
    expect(watched).toEqual(new Set(before));
    await fleet.kill([0, 1]);
    expect([pidsOf(fleet), watched]).toEqual([[], new Set()]);
    await fleet.start([0, 1]);
    await fleet.restart(1);
    expect(watched).toEqual(new Set(pidsOf(fleet)));
    expect(pidsOf(fleet).some((pid) => before.includes(pid))).toBe(false);
    expect([statesOf(fleet, 0), statesOf(fleet, 1), fleet.processErrors]).toEqual([
      ["up", "down", "starting", "up"],
      ["up", "down", "starting", "up", "down", "starting", "up"],
      [],
    ]);
  });

  test("pauses and resumes", async () => {
    const { fleet } = await started();
    const [pid] = pidsOf(fleet);
    fleet.pause(0);
    expect([fleet.isUp(0), fleet.isUp(1)]).toEqual([false, true]);
    await vi.waitFor(() => expect(processState(pid)).toBe("T"), WAIT);
    fleet.resume(0);
    await vi.waitFor(() => expect(processState(pid)).not.toBe("T"), WAIT);
    expect([statesOf(fleet, 0), fleet.isUp(0), fleet.processErrors]).toEqual([
      ["up", "paused", "up"],
      true,
      [],
    ]);
  });

  test("takes the data of a wiped node away and puts it back; reports a node that serves without it", async () => {
    const { fleet, directory } = await started();
    await fleet.wipe(0, "initial");
    expect([
      existsSync(directory(0)),
      readFileSync(join(`${directory(0)}.away`, "mine"), "utf8"),
    ]).toEqual([false, "n1"]);
    expect(fleet.processErrors).toEqual([
      "n1 was started without its data after 0.0 s and was not refused: it is still running",
    ]);
    await fleet.restore(0);
    expect([
      existsSync(`${directory(0)}.away`),
      readFileSync(join(directory(0), "mine"), "utf8"),
    ]).toEqual([false, "n1"]);
    expect(statesOf(fleet, 0).at(-1)).toBe("up");
  });

  test("reports a node that ends by itself, and one that does not come back", async () => {
    const { fleet, http } = await started();
    await fetch(`http://${http(0)}/crash`).catch(() => {});
    await vi.waitFor(
      () =>
        expect(fleet.processErrors).toEqual([
          "n1 ended by itself after 0.0 s: fake-server n1: the disk is full",
        ]),
      WAIT,
    );
    await fleet.kill([1]);
    const port = Number(http(1).split(":")[1]);
    const squatter = createServer().listen(port, "127.0.0.1");
    onTestFinished(() => void squatter.close());
    await fleet.start([1]);
    expect(fleet.processErrors[1]).toMatch(/^n2 after 0.0 s: n2 did not start: .*EADDRINUSE/);
  });
});

describe("the observer", () => {
  test("sees who leads, and two leaders in one term", async () => {
    let terms = [3, 2];
    const servers = await Promise.all(
      [0, 1].map(async (node) => {
        const server = createServer((_, response) =>
          response.end(
            JSON.stringify({
              role: "leader",
              term: terms[node],
              leaderId: `n${node + 1}`,
              lastIndex: 1,
              commitIndex: 1,
              lastApplied: 1,
            }),
          ),
        );
        await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
        onTestFinished(() => {
          server.close();
          server.closeAllConnections();
        });
        return `127.0.0.1:${(server.address() as AddressInfo).port}`;
      }),
    );
    const observer = startObserver(servers, () => 7);
    onTestFinished(() => observer.stop());
    await vi.waitFor(() => expect(observer.leadershipTerms()).toBe(2), WAIT);
    await vi.waitFor(
      async () => expect([await observer.confirmLeader(), observer.leader()]).toEqual([0, 0]),
      WAIT,
    );
    expect(observer.termsWithTwoLeaders()).toEqual([]);
    terms = [3, 3];
    await vi.waitFor(
      () => expect(observer.termsWithTwoLeaders()).toEqual(["term 3: n1 and n2"]),
      WAIT,
    );
    expect(observer.changes).toContainEqual({ atMs: 7, node: 1, role: "leader", term: 3 });
  });
});

describe("the conduct of a run", () => {
  const good: RunObservations = {
    recoveryMs: 120.4,
    unserved: [],
    processErrors: [],
    termsWithTwoLeaders: [],
    leadershipTerms: 3,
    wrong: [],
    planned: ["wipe", "delay"],
    effective: ["wipe", "delay", "wipe"],
  };
  const failed = (conduct: Partial<RunObservations>): string[] =>
    checkObservations({ ...good, ...conduct })
      .filter(({ ok }) => !ok)
      .map(({ name, detail }) => `${name}: ${detail}`);

  test("passes, or fails by the one check that names the reason", () => {
    expect(failed({})).toEqual([]);
    expect(checkObservations(good).at(-1)?.detail).toBe(
      "2 of 27 kinds, 3 faults; a run of 120 s has every kind",
    );
    expect(failed({ recoveryMs: undefined, unserved: [0, 2] })).toEqual([
      "serves again: n1, n3 acknowledged no write within 20000 ms of the last healing",
    ]);
    expect(failed({ processErrors: ["n1 ended"] })).toEqual([
      "no unexpected process exits: n1 ended",
    ]);
    expect(failed({ termsWithTwoLeaders: ["term 3: n1 and n2"] })).toEqual([
      "one leader per term: term 3: n1 and n2",
    ]);
    expect(failed({ wrong: ["get answered 500"] })).toEqual([
      "no unexpected answers: get answered 500",
    ]);
    expect(failed({ effective: ["delay"] })).toEqual([
      "every planned kind of fault took effect: wipe: not carried out, or without effect; nothing is shown about it",
    ]);
    expect(failed({ processErrors: ["1", "2", "3", "4", "5", "6", "7"] })).toEqual([
      "no unexpected process exits: 1\n2\n3\n4\n5\nand 2 more",
    ]);
  });
});
