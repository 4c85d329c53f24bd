// What `add`, `remove`, `replace` and `wipe` do to processes and directories, by what a node answers.
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { ClusterError } from "../src/errors.js";
import { membersIn, takeDataDirectory } from "../src/supervisor/data-directory.js";
import { layOut } from "../src/supervisor/layout.js";
import type { NodePlace } from "../src/supervisor/layout.js";
import { createMemberCommands } from "../src/supervisor/member-commands.js";
import type { MemberCommands } from "../src/supervisor/member-commands.js";
import type { Supervisor } from "../src/supervisor/supervisor.js";
import type { UpOptions } from "../src/supervisor/up-options.js";
import { temporaryDirectory } from "./support/environment.js";

interface Answer {
  readonly status: number;
  readonly lines: readonly object[];
}

const done: Answer = { status: 200, lines: [{ done: { index: 9 } }] };
const refusal = (status: number, code: string): Answer => {
  return { status, lines: [{ error: { code, message: `because of ${code}` } }] };
};

interface World {
  readonly commands: MemberCommands;
  readonly options: UpOptions;
  readonly said: string[];
  readonly say: (line: string) => void;
  /** What was asked of the supervisor, and of the node. */
  readonly asked: string[];
  answer: Answer;
  /** Who is in, for `GET`. */
  members: object[];
  /** Of a node that is started. */
  fails: string | undefined;
}

/** Three nodes, of which the first answers; their directories are there. */
async function startWorld(): Promise<World> {
  const asked: string[] = [];
  const said: string[] = [];
  const server = createServer(async (request, response) => {
    if (request.url === "/v1/status") {
      const status = { role: "leader", term: 1, leaderId: "n1" };
      const indexes = { lastIndex: 1, commitIndex: 1, lastApplied: 1 };
      return void response.end(JSON.stringify({ ...status, ...indexes }));
    }
    if (request.method === "GET") {
      return void response.end(JSON.stringify({ members: world.members, committed: true }));
    }
    const body: Buffer[] = [];
    for await (const part of request) body.push(part as Buffer);
    asked.push(`change ${Buffer.concat(body).toString()}`);
    const { status, lines } = world.answer;
    const type = status === 200 ? "application/x-ndjson" : "application/json";
    response.writeHead(status, { "content-type": type });
    response.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const options: UpOptions = {
    nodes: 3,
    transport: "tcp",
    codec: "json",
    storage: "file",
    data: temporaryDirectory(),
    clusterId: "c",
    httpBase: port - 1,
    peerBase: 1,
    logLevel: "info",
    fresh: false,
  };
  onTestFinished(takeDataDirectory(options));
  const supervisor = fakeSupervisor(layOut(options), asked, () => world.fails);
  const commands = createMemberCommands(supervisor, options, new AbortController().signal);
  const member = (id: string): object => ({ id, role: "voter", incarnation: `of-${id}` });
  const world: World = {
    commands,
    options,
    asked,
    said,
    say: (line) => void said.push(line),
    answer: done,
    members: ["n1", "n2", "n3"].map(member),
    fails: undefined,
  };
  return world;
}

function fakeSupervisor(
  initial: readonly NodePlace[],
  asked: string[],
  fails: () => string | undefined,
): Supervisor {
  let places = [...initial];
  for (const { directory } of places) mkdirSync(directory);
  const nothing = async (): Promise<void> => {};
  return {
    nodes: () =>
      places.map((place) => ({ place, state: "running" as const, pid: 1, reason: null })),
    startAll: nothing,
    kill: nothing,
    restart: nothing,
    stop: nothing,
    pause: () => {},
    resume: () => {},
    killAll: () => {},
    async add(place) {
      asked.push(`start ${place.id} (${place.beginning})`);
      mkdirSync(place.directory);
      if (fails() === place.id) throw new ClusterError("NODE_ENDED", `${place.id} did not start`);
      places = [...places, place].toSorted((a, b) => a.number - b.number);
    },
    async remove(id, signal) {
      asked.push(`end ${id} by ${signal}`);
      places = places.filter((place) => place.id !== id);
    },
  };
}

const isThere = ({ options }: World, id: string): boolean => existsSync(`${options.data}/${id}`);

describe("add", () => {
  test("starts a process, asks for the change, and remembers the node", async () => {
    const world = await startWorld();
    const { commands, asked, options, say, said } = world;
    world.answer = {
      status: 200,
      lines: [
        { progress: { step: "joint", index: 8 } },
        { progress: { step: "new" } },
        ...done.lines,
      ],
    };
    expect(await commands.add(say)).toBe(`n4 is a voter: http://127.0.0.1:${options.httpBase + 4}`);
    expect(asked).toEqual(["start n4 (joins)", 'change {"add":["n4"]}']);
    expect(said).toEqual([
      "n4 runs, and asks to be added",
      "the voters of before and those to come decide together (index 8)",
    ]);
    expect(membersIn(options)).toEqual([1, 2, 3, 4]);
  });

  test("refused, at once or half-way, it leaves neither process nor data", async () => {
    const half = [{ progress: { step: "joint", index: 8 } }, ...refusal(200, "stale").lines];
    for (const answer of [refusal(409, "stale"), { status: 200, lines: half }]) {
      const world = await startWorld();
      world.answer = answer;
      await expect(world.commands.add(world.say)).rejects.toThrow(
        "because of stale; n4's process was stopped again, and its data deleted",
      );
      expect(world.asked.at(-1)).toBe("end n4 by SIGTERM");
      expect([isThere(world, "n4"), membersIn(world.options)]).toEqual([false, [1, 2, 3]]);
    }
  });

  test("not known to be refused, it leaves both: they may be a member's", async () => {
    for (const answer of [refusal(504, "change_unknown"), { status: 200, lines: [] }]) {
      const world = await startWorld();
      world.answer = answer;
      await expect(world.commands.add(world.say)).rejects.toThrow(
        answer.status === 504 ? "because of change_unknown" : /may happen yet; look with status/,
      );
      expect(world.asked.filter((what) => what.startsWith("end"))).toEqual([]);
      expect(isThere(world, "n4")).toBe(true);
    }
  });

  test("a process that doesn't start leaves nothing, and asks for nothing", async () => {
    const world = await startWorld();
    world.fails = "n4";
    await expect(world.commands.add(world.say)).rejects.toThrow("n4 did not start; n4's process");
    expect([world.asked, isThere(world, "n4")]).toEqual([["start n4 (joins)"], false]);
  });

  test("numbers of added nodes end at 9, and are used again", async () => {
    const world = await startWorld();
    const { commands, say } = world;
    for (let number = 4; number <= 9; number++) await commands.add(say);
    await expect(commands.add(say)).rejects.toThrow(
      "no number is left for another node: those of added ones go from 4 to 9; remove one of them",
    );
    await commands.remove("n6", say);
    expect(await commands.add(say)).toContain("n6 is a voter");
  });
});

describe("remove and replace", () => {
  test("end the process, and delete its data, only once it has left", async () => {
    const world = await startWorld();
    expect(await world.commands.remove("n2", world.say)).toContain("n2 left the cluster");
    expect(world.asked).toEqual(['change {"remove":["n2"]}', "end n2 by SIGTERM"]);
    expect([isThere(world, "n2"), membersIn(world.options)]).toEqual([false, [1, 3]]);
    world.answer = refusal(409, "unreachable");
    await expect(world.commands.remove("n3", world.say)).rejects.toThrow("because of unreachable");
    expect([isThere(world, "n3"), membersIn(world.options)]).toEqual([true, [1, 3]]);
  });

  test("whoever has left before, is only ended", async () => {
    const world = await startWorld();
    world.answer = refusal(404, "unknown_member");
    expect(await world.commands.remove("n2", world.say)).toContain("n2 left the cluster");
    expect(world.said).toEqual(["n2 isn't a member any more"]);
    expect(isThere(world, "n2")).toBe(false);
  });

  test("one change for both: nobody is without a node meanwhile", async () => {
    const world = await startWorld();
    expect(await world.commands.replace("n3", world.say)).toContain("n4 took the place of n3");
    expect(world.asked).toEqual([
      "start n4 (joins)",
      'change {"add":["n4"],"remove":["n3"]}',
      "end n3 by SIGTERM",
    ]);
    expect(["n3", "n4"].map((id) => isThere(world, id))).toEqual([false, true]);
    expect(membersIn(world.options)).toEqual([1, 2, 4]);
    // The last one that answers can't be asked to remove itself by another.
    world.answer = refusal(409, "stale");
    await expect(world.commands.replace("n2", world.say)).rejects.toThrow("because of stale; n5's");
    expect(["n2", "n5"].map((id) => isThere(world, id))).toEqual([true, false]);
  });
});

describe("wipe", () => {
  test("kills, deletes and lets rejoin, until the new directory is a voter's", async () => {
    const world = await startWorld();
    const { commands, say, said, asked } = world;
    const { members } = world;
    const end = commands.wipe("n2", say);
    await expect.poll(() => asked, { timeout: 20_000 }).toHaveLength(2);
    world.members = members.filter((_, i) => i !== 1);
    await expect.poll(() => said, { timeout: 20_000 }).toHaveLength(3);
    world.members = [...world.members, { id: "n2", role: "learner", incarnation: "new" }];
    await expect.poll(() => said, { timeout: 20_000 }).toHaveLength(4);
    world.members = [...members.slice(0, 1), { id: "n2", role: "voter", incarnation: "new" }];
    expect(await end).toBe("n2 is a voter again, with a new data directory");
    expect(asked).toEqual(["end n2 by SIGKILL", "start n2 (rejoins)"]);
    expect(said).toEqual([
      "n2 was killed and its data deleted",
      "n2 runs with an empty directory, and asks to rejoin",
      "n2 with its old directory has left",
      "n2 is a learner with its new directory",
    ]);
  });

  test("touches nothing where it couldn't come back", async () => {
    const world = await startWorld();
    const { members } = world;
    world.members = members.slice(0, 2);
    await expect(world.commands.wipe("n2", world.say)).rejects.toThrow(
      "without n2, 1 of 2 voters would be left, and 2 are needed to let it in again",
    );
    world.members = [members[0] ?? {}, { id: "n2", role: "learner", incarnation: "x" }];
    await expect(world.commands.wipe("n2", world.say)).rejects.toThrow("n2 isn't a voter");
    expect([world.asked, isThere(world, "n2")]).toEqual([[], true]);
  });
});
