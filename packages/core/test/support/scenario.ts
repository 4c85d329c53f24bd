// The language of the scenario files: blocks of command lines, a line "----", and what the commands must print.
import type { Effect, EntryRun, Message, NodeId } from "@raftkit/core";
import { encodeRun, EntryKind } from "@raftkit/core";
import type { Cluster, Packet } from "./cluster.js";
import { addNode, crash, deliver, endTurns, finishOneWrite, incarnationOf, newCluster, nextDeadline, nodeOf, peersNamed, restart, step } from "./cluster.js";
import { printEffect, printMessage, printStatus, printTerms, termsOf } from "./print.js";

interface Scene {
  readonly cluster: Cluster;
  lines: string[];
  quiet: boolean;
  /** Since the last `count`: what was sent, by kind. */
  sent: Map<string, number>;
  readonly cut: Set<NodeId>;
}

type Fields = ReadonlyMap<string, string>;
type Command = (scene: Scene, words: readonly string[], fields: Fields) => void;

/** Runs every block of a file. @returns the file with what the commands printed */
export function runScenario(text: string): string {
  const scene: Scene = { cluster: newCluster(), lines: [], quiet: false, sent: new Map(), cut: new Set() };
  scene.cluster.observe = (id, effect) => observe(scene, id, effect);
  return text.trimEnd().split(/\n{2,}/).map((block) => runBlock(scene, block)).join("\n\n") + "\n";
}

function runBlock(scene: Scene, block: string): string {
  const lines = block.split("\n");
  const end = lines.indexOf("----");
  const commands = end < 0 ? lines : lines.slice(0, end);
  if (commands.every((line) => line.startsWith("#"))) return block;
  scene.lines = [];
  for (const line of commands) {
    if (!line.startsWith("#")) runCommand(scene, line);
  }
  return [...commands, "----", ...(scene.lines.length > 0 ? scene.lines : ["(nothing)"])].join("\n");
}

function runCommand(scene: Scene, line: string): void {
  const words = line.split(" ").filter((word) => word !== "");
  scene.quiet = words[0] === "quiet";
  if (scene.quiet) words.shift();
  const [name = ""] = words;
  const command = COMMANDS[name];
  if (!command) throw new Error(`unknown command: ${line}`);
  const fields = new Map(words.filter((word) => word.includes("=")).map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]));
  try {
    command(scene, words.slice(1).filter((word) => !word.includes("=")), fields);
    endTurns(scene.cluster);
  } catch (error) {
    throw new Error(`in "${line}": ${String(error)}`, { cause: error });
  }
}

function observe(scene: Scene, id: NodeId, effect: Effect): void {
  if (effect.type === "send") {
    const { message } = effect;
    const key = message.type === "appendEntriesReply" && !message.success ? "refusals" : message.type === "appendEntries" && message.entries.length > 0 ? "appendEntries with entries" : message.type;
    scene.sent.set(key, (scene.sent.get(key) ?? 0) + 1);
  }
  if (!scene.quiet) scene.lines.push(printEffect(id, effect));
}

function say(scene: Scene, line: string): void {
  scene.lines.push(line);
}

function numberOf(fields: Fields, name: string): number | undefined {
  const value = fields.get(name);
  return value === undefined ? undefined : Number(value);
}

/** `1x3,2` → 1, 1, 1, 2. */
function parseTerms(text: string): number[] {
  return text === "" ? [] : text.split(",").flatMap((part) => {
    const [term, count] = part.split("x");
    return Array.from({ length: Number(count ?? 1) }, () => Number(term));
  });
}

const DRAWS: ReadonlyMap<NodeId, number> = new Map([["n1", 0], ["n2", 0.4], ["n3", 0.8], ["n4", 0.9], ["n5", 0.6]]);
const BOUNDS = ["maxMessageBytes", "maxInflightMessages", "maxInflightBytes", "maxUncommittedBytes", "maxLogBytes"];

function addFromFields(scene: Scene, id: NodeId, bootstrap: readonly NodeId[], isBlank: boolean, fields: Fields): void {
  const term = numberOf(fields, "term");
  const draw = numberOf(fields, "random") ?? DRAWS.get(id) ?? 0.5;
  const options = Object.fromEntries(BOUNDS.flatMap((name) => (fields.has(name) ? [[name, Number(fields.get(name))]] : [])));
  addNode(scene.cluster, id, {
    bootstrap, random: () => draw, options, votedFor: fields.get("vote") ?? null,
    ...(isBlank ? {} : { terms: parseTerms(fields.get("log") ?? "") }), ...(term === undefined ? {} : { currentTerm: term }),
  });
}

/** Packets that a pattern such as `n1>n2 appendEntries 1st` names: a link (or `*>n2`), a type, which of them. */
function select(scene: Scene, words: readonly string[]): Packet[] {
  let found = scene.cluster.packets;
  for (const word of words) {
    const ordinal = /^(\d+)(?:st|nd|rd|th)$/.exec(word);
    const link = /^(\*|\w+)>(\*|\w+)$/.exec(word);
    if (ordinal) found = found.slice(Number(ordinal[1]) - 1, Number(ordinal[1]));
    else if (link) found = found.filter(({ from, to }) => (link[1] === "*" || link[1] === from.id) && (link[2] === "*" || link[2] === to));
    else if (word === "held") found = found.filter(({ held }) => held);
    else found = found.filter(({ message }) => message.type === word);
  }
  if (!words.includes("held")) found = found.filter(({ held }) => !held);
  if (found.length === 0) throw new Error("no message matches");
  return found;
}

function remove(scene: Scene, packets: readonly Packet[]): void {
  scene.cluster.packets = scene.cluster.packets.filter((packet) => !packets.includes(packet));
}

function isCut(scene: Scene, { from, to }: Packet): boolean {
  return scene.cut.has(from.id) || scene.cut.has(to);
}

/** Delivers and writes until nothing moves; time stands still. */
function settle(scene: Scene): void {
  const { cluster } = scene;
  endTurns(cluster);
  for (let rounds = 0; rounds < 100_000; rounds++) {
    const moving = cluster.packets.filter(({ held }) => !held);
    let moved = moving.length > 0;
    remove(scene, moving);
    for (const packet of moving) {
      if (!isCut(scene, packet)) deliver(cluster, packet);
    }
    endTurns(cluster);
    for (const node of cluster.nodes.values()) {
      while (!node.disk.held && finishOneWrite(cluster, node)) moved = true;
    }
    endTurns(cluster);
    if (!moved) return;
  }
  throw new Error("it never settles");
}

function advance(scene: Scene, ms: number, between: () => void): void {
  const { cluster } = scene;
  const until = cluster.now + ms;
  for (let at = nextDeadline(cluster); at <= until; at = nextDeadline(cluster)) {
    cluster.now = Math.max(cluster.now, at);
    endTurns(cluster);
    between();
  }
  cluster.now = until;
}

function printLog(scene: Scene, id: NodeId): void {
  const { disk } = nodeOf(scene.cluster, id);
  say(scene, `${id} disk: ${printTerms(termsOf(disk.entries))}`);
}

/** One run per term, as a leader would send several. */
function entriesFrom(firstIndex: number, terms: readonly number[]): readonly EntryRun[] {
  const runs = terms.map((term, i) => encodeRun(firstIndex + i, term, EntryKind.command, [new Uint8Array([term])]));
  if (runs.length === 0) return [];
  const bytes = new Uint8Array(runs.reduce((sum, run) => sum + run.bytes.length, 0));
  let at = 0;
  for (const run of runs) {
    bytes.set(run.bytes, at);
    at += run.bytes.length;
  }
  return [{ firstIndex, count: runs.length, bytes }];
}

/** A message made by hand: what a stranger, a stale copy or a faulty node might send. */
function handmade(type: string, to: string, fields: Fields): Message {
  const number = (name: string): number => numberOf(fields, name) ?? 0;
  const place = (name: string): [number, number] => {
    const [index, term] = (fields.get(name) ?? "0/0").split("/").map(Number);
    return [index ?? 0, term ?? 0];
  };
  const term = number("term");
  switch (type) {
    case "preVote": return { type, to, term, lastLogIndex: place("last")[0], lastLogTerm: place("last")[1] };
    case "requestVote": return { type, to, term, lastLogIndex: place("last")[0], lastLogTerm: place("last")[1], transfer: fields.has("transfer") };
    case "preVoteReply":
    case "requestVoteReply": return { type, to, term, voteGranted: fields.get("granted") === "true" };
    case "appendEntries": {
      const [prevLogIndex, prevLogTerm] = place("prev");
      return { type, to, term, prevLogIndex, prevLogTerm, leaderCommit: number("commit"), round: number("round"), entries: entriesFrom(prevLogIndex + 1, parseTerms(fields.get("entries") ?? "")) };
    }
    case "appendEntriesReply": {
      const [conflictIndex, conflictTerm] = place("conflict");
      return { type, to, term, round: number("round"), success: fields.get("success") === "true", matchIndex: number("match"), verifiedIndex: number("verified"), prevLogIndex: number("prev"), conflictIndex, conflictTerm };
    }
    case "forward": {
      const count = numberOf(fields, "count") ?? 1;
      return { type, to, term, firstSeq: number("seq"), entries: encodeRun(0, term, EntryKind.command, Array.from({ length: count }, () => new Uint8Array([7]))) };
    }
    case "forwardReply": {
      const accepted = fields.has("index");
      return { type, to, term, run: number("asker"), firstSeq: number("seq"), count: number("count"), accepted, firstIndex: number("index"), entryTerm: accepted ? term : 0, overloaded: false };
    }
    case "formingAnswer": return { type, to, term, run: number("asker"), blank: fields.get("blank") === "true", agrees: true };
    case "readIndex": return { type, to, term, id: number("id") };
    case "readIndexReply": return { type, to, term, run: number("run"), id: number("id"), success: fields.get("success") === "true", readIndex: number("index") };
    default: throw new Error(`can't make a ${type}`);
  }
}

const COMMANDS: Readonly<Record<string, Command>> = {
  // node n1 bootstrap=n1,n2 [blank] [log=1x3,2] [term=] [vote=] [random=] [maxLogBytes= …]
  node(scene, [id = "", blank], fields) {
    addFromFields(scene, id, (fields.get("bootstrap") ?? "").split(","), blank === "blank", fields);
  },
  // cluster n1 n2 n3 [fields of node]: all with the same fields, formed
  cluster(scene, ids, fields) {
    for (const id of ids) addFromFields(scene, id, ids, false, fields);
  },
  random(scene, [id = "", value]) {
    nodeOf(scene.cluster, id).random = () => Number(value);
  },
  // advance 50: only timers; run 50: messages and disks move as well
  advance(scene, [ms]) {
    advance(scene, Number(ms), () => {});
  },
  run(scene, [ms]) {
    settle(scene);
    advance(scene, Number(ms), () => settle(scene));
  },
  settle(scene) {
    settle(scene);
  },
  tick(scene, [id = ""]) {
    step(scene.cluster, nodeOf(scene.cluster, id), { type: "tick" });
  },
  deliver(scene, words) {
    const packets = select(scene, words);
    remove(scene, packets);
    for (const packet of packets) deliver(scene.cluster, packet);
  },
  drop(scene, words) {
    remove(scene, select(scene, words));
  },
  duplicate(scene, words) {
    scene.cluster.packets.push(...select(scene, words).map((packet) => ({ ...packet })));
  },
  hold(scene, words) {
    for (const packet of select(scene, words)) packet.held = true;
  },
  messages(scene) {
    for (const { from, to, message, held } of scene.cluster.packets) say(scene, `${printMessage(from.id, to, message)}${held ? " (held)" : ""}`);
  },
  isolate(scene, ids) {
    for (const id of ids) scene.cut.add(id);
    remove(scene, scene.cluster.packets.filter((packet) => isCut(scene, packet)));
  },
  heal(scene) {
    scene.cut.clear();
  },
  // persisted n1: the oldest write is done; persisted n1 all
  persisted(scene, [id = "", all]) {
    const node = nodeOf(scene.cluster, id);
    if (!finishOneWrite(scene.cluster, node)) throw new Error(`${id} writes nothing`);
    while (all === "all" && finishOneWrite(scene.cluster, node)) { /* until all are done */ }
  },
  holdDisk(scene, ids) {
    for (const id of ids) nodeOf(scene.cluster, id).disk.held = true;
  },
  releaseDisk(scene, ids) {
    for (const id of ids) nodeOf(scene.cluster, id).disk.held = false;
  },
  // propose n1 [count=1] [size=1]
  propose(scene, [id = ""], fields) {
    const node = nodeOf(scene.cluster, id);
    const commands = Array.from({ length: numberOf(fields, "count") ?? 1 }, () => new Uint8Array(numberOf(fields, "size") ?? 1));
    step(scene.cluster, node, { type: "propose", firstSeq: node.nextSeq, commands });
    node.nextSeq += commands.length;
  },
  read(scene, [id = ""]) {
    const node = nodeOf(scene.cluster, id);
    step(scene.cluster, node, { type: "read", id: node.nextReadId++ });
  },
  unreachable(scene, [id = "", peer = ""]) {
    step(scene.cluster, nodeOf(scene.cluster, id), { type: "unreachable", peer });
  },
  notSent(scene, [id = "", firstSeq]) {
    step(scene.cluster, nodeOf(scene.cluster, id), { type: "forwardNotSent", firstSeq: Number(firstSeq) });
  },
  crash(scene, ids) {
    for (const id of ids) crash(nodeOf(scene.cluster, id));
  },
  // rollback n1 3: its disk is an old copy, which ends at entry 3
  rollback(scene, [id = "", last]) {
    nodeOf(scene.cluster, id).disk.entries.length = Number(last);
  },
  // restart n1 [wiped] [bootstrap=…]
  restart(scene, [id = "", wiped], fields) {
    const bootstrap = fields.get("bootstrap")?.split(",");
    restart(nodeOf(scene.cluster, id), { wiped: wiped === "wiped", ...(bootstrap ? { bootstrap } : {}) });
  },
  // send n9>n1 appendEntries term=2 prev=1/1 … [from=<directory>] [run=] [to=<directory>]; asker: the run that an answer is for
  send(scene, [link = "", type = ""], fields) {
    const [from = "", to = ""] = link.split(">");
    const message = handmade(type, incarnationOf(to, numberOf(fields, "to") ?? 1), fields);
    deliver(scene.cluster, { from: { id: from, incarnation: incarnationOf(from, numberOf(fields, "from") ?? 1), run: numberOf(fields, "run") ?? 1 }, to, message, held: false });
  },
  ask(scene, [link = "", ...voters]) {
    const [from = "", to = ""] = link.split(">");
    deliver(scene.cluster, { from: { id: from, incarnation: incarnationOf(from), run: 1 }, to, message: { type: "formingQuestion", to: "", term: 0, voters: peersNamed(voters) }, held: false });
  },
  status(scene, ids) {
    for (const id of ids.length > 0 ? ids : scene.cluster.nodes.keys()) say(scene, printStatus(id, nodeOf(scene.cluster, id).raft.status));
  },
  log(scene, ids) {
    for (const id of ids.length > 0 ? ids : scene.cluster.nodes.keys()) printLog(scene, id);
  },
  deadline(scene, [id = ""]) {
    say(scene, `${id} deadline in ${nodeOf(scene.cluster, id).raft.deadline - scene.cluster.now} ms`);
  },
  // what was sent since the last count
  count(scene) {
    for (const [key, count] of [...scene.sent].sort(([a], [b]) => (a < b ? -1 : 1))) say(scene, `${key}: ${count}`);
    scene.sent = new Map();
  },
};
