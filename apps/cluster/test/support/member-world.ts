// Member commands with stand-ins for the supervisor and for the nodes' servers.
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { onTestFinished } from "vitest";
import { ClusterError } from "../../src/errors.js";
import { memberRecord, placesIn, takeDataDirectory } from "../../src/supervisor/data-directory.js";
import { layOut, placeOf } from "../../src/supervisor/layout.js";
import type { NodePlace } from "../../src/supervisor/layout.js";
import { createMemberCommands } from "../../src/supervisor/member-commands.js";
import type { MemberCommands } from "../../src/supervisor/member-commands.js";
import type { Supervisor } from "../../src/supervisor/supervisor.js";
import type { UpOptions } from "../../src/supervisor/up-options.js";
import { freePorts, temporaryDirectory } from "./environment.js";

export interface Answer {
  readonly status: number;
  readonly lines: readonly object[];
}

export const done: Answer = { status: 200, lines: [{ done: { index: 9 } }] };
export const refusal = (status: number, code: string): Answer => {
  return { status, lines: [{ error: { code, message: `because of ${code}` } }] };
};

interface Voter {
  readonly id: string;
  readonly role: string;
  readonly incarnation: string;
}

export interface World {
  readonly commands: MemberCommands;
  readonly options: UpOptions;
  readonly said: string[];
  readonly say: (line: string) => void;
  /** What was asked of the supervisor, and of the leader. */
  readonly asked: string[];
  /** To a change; a function is asked for each one. */
  answer: Answer | ((change: string) => Answer);
  /** Who is in, as the leader, n1, says. */
  members: Voter[];
  /** What nodes say of themselves, beside what they would anyway; null: nothing, not even that. */
  readonly says: Map<string, object | null | (() => object)>;
  /** Of a node that is started. */
  fails: string | undefined;
  /** As after a restart of the cluster's process. */
  again(): MemberCommands;
}

export const voter = (id: string, incarnation = `of-${id}`): Voter => ({
  id,
  role: "voter",
  incarnation,
});

/** Three nodes that answer, of which n1 leads; their directories are there. */
export async function startWorld(): Promise<World> {
  const base = await freePorts(9);
  const asked: string[] = [];
  const said: string[] = [];
  const options: UpOptions = {
    nodes: 3,
    transport: "tcp",
    codec: "json",
    storage: "file",
    data: temporaryDirectory(),
    clusterId: "c",
    httpBase: base,
    peerBase: 1,
    logLevel: "info",
    fresh: false,
  };
  onTestFinished(takeDataDirectory(options));
  const supervisor = fakeSupervisor(layOut(options), asked, () => world.fails);
  const again = (): MemberCommands =>
    createMemberCommands({
      supervisor,
      record: memberRecord(options),
      placeOf: (number) => placeOf(number, options),
      firstNew: 4,
      signal: new AbortController().signal,
    });
  const world: World = {
    commands: again(),
    options,
    asked,
    said,
    say: (line) => void said.push(line),
    answer: done,
    members: ["n1", "n2", "n3"].map((id) => voter(id)),
    says: new Map(),
    fails: undefined,
    again,
  };
  for (let number = 1; number <= 4; number++) await serve(world, base + number, `n${number}`);
  return world;
}

async function serve(world: World, port: number, id: string): Promise<void> {
  const server = createServer(async (request, response) => {
    const says = world.says.get(id);
    if (says === null) return void response.destroy();
    if (request.url === "/v1/status") {
      const more = typeof says === "function" ? says() : says;
      return void response.end(JSON.stringify({ ...statusOf(world, id), ...more }));
    }
    if (request.method === "GET") {
      return void response.end(JSON.stringify({ members: world.members, committed: true }));
    }
    const body: Buffer[] = [];
    for await (const part of request) body.push(part as Buffer);
    const change = Buffer.concat(body).toString();
    world.asked.push(`change ${change}`);
    const { answer } = world;
    const { status, lines } = typeof answer === "function" ? answer(change) : answer;
    const type = status === 200 ? "application/x-ndjson" : "application/json";
    response.writeHead(status, { "content-type": type });
    response.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    if (lines.some((line) => "done" in line)) carryOut(world, change);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
}

function carryOut(world: World, change: string): void {
  const { add = [], remove = [] } = JSON.parse(change) as Record<string, string[]>;
  const stay = world.members.filter(({ id }) => !add.includes(id) && !remove.includes(id));
  world.members = [...stay, ...add.map((id) => voter(id))];
}

function statusOf({ members }: World, id: string): object {
  const indexes = { lastIndex: 9, commitIndex: 9, lastApplied: 9, configurationIndex: 7 };
  const common = { term: 1, leaderId: "n1", ...indexes, incarnation: `of-${id}` };
  if (id !== "n1") return { role: "follower", ...common };
  const configuration = { voters: members, learners: [], outgoing: [] };
  const peers = members.map((member) => ({ id: member.id, matchIndex: 9, lastContactMs: 5 }));
  const leads = { configuration, configurationCommitted: true, peers, introductions: [] };
  return { role: "leader", ...common, ...leads };
}

function fakeSupervisor(
  initial: readonly NodePlace[],
  asked: string[],
  fails: () => string | undefined,
): Supervisor {
  let places = [...initial];
  const ended = new Set<string>();
  for (const { directory } of places) mkdirSync(directory);
  const nothing = async (): Promise<void> => {};
  return {
    nodes: () =>
      places.map((place) => {
        const state = ended.has(place.id) ? "ended" : "running";
        return { place, state, pid: 1, reason: null, diskDelayMs: 0 };
      }),
    startAll: nothing,
    kill: nothing,
    restart: async (id) => void ended.delete(id),
    stop: nothing,
    pause: () => {},
    resume: () => {},
    cutOff: () => {},
    slowDisk: () => {},
    killAll: () => {},
    async add(place) {
      asked.push(`start ${place.id} (${place.beginning})`);
      mkdirSync(place.directory);
      const hasFailed = fails() === place.id;
      if (hasFailed) ended.add(place.id);
      if (hasFailed && place.beginning !== "rejoins") {
        throw new ClusterError("NODE_ENDED", `${place.id} did not start`);
      }
      places = [...places, place].toSorted((a, b) => a.number - b.number);
      if (hasFailed) throw new ClusterError("NODE_ENDED", `${place.id} did not start`);
    },
    async remove(id, signal) {
      asked.push(`end ${id} by ${signal}`);
      places = places.filter((place) => place.id !== id);
    },
  };
}

export const membersIn = (options: UpOptions): number[] =>
  placesIn(options).map(({ number }) => number);
export const isThere = ({ options }: World, id: string): boolean =>
  existsSync(`${options.data}/${id}`);
