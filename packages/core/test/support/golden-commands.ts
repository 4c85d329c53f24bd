// The commands of the golden files, by name.
import type { NodeId } from "@raftkit/core";
import {
  addNode,
  crash,
  deliver,
  finishOneWrite,
  incarnationOf,
  nodeOf,
  peersNamed,
  restart,
  step,
} from "./cluster.js";
import { handmade } from "./handmade.js";
import { printMessage, printStatus, printTerms, termsOf } from "./print.js";
import type { Fields } from "./golden-fields.js";
import { numberOf, parseTerms } from "./golden-fields.js";
import { advance, isCut, remove, say, select, settle } from "./scene.js";
import type { Scene } from "./scene.js";

type Command = (scene: Scene, words: readonly string[], fields: Fields) => void;

const DRAWS: ReadonlyMap<NodeId, number> = new Map([
  ["n1", 0],
  ["n2", 0.4],
  ["n3", 0.8],
  ["n4", 0.9],
  ["n5", 0.6],
]);
const BOUNDS = [
  "maxMessageBytes",
  "maxInflightMessages",
  "maxInflightBytes",
  "maxUncommittedBytes",
  "maxLogBytes",
  "clockIntervalMs",
  "leaseDriftRate",
];

function addFromFields(
  scene: Scene,
  id: NodeId,
  bootstrap: readonly NodeId[],
  isBlank: boolean,
  fields: Fields,
): void {
  const term = numberOf(fields, "term");
  const draw = numberOf(fields, "random") ?? DRAWS.get(id) ?? 0.5;
  const options = Object.fromEntries(
    BOUNDS.flatMap((name) => (fields.has(name) ? [[name, Number(fields.get(name))]] : [])),
  );
  addNode(scene.cluster, id, {
    bootstrap,
    random: () => draw,
    options,
    votedFor: fields.get("vote") ?? null,
    ...(isBlank ? {} : { terms: parseTerms(fields.get("log") ?? "") }),
    ...(term === undefined ? {} : { currentTerm: term }),
  });
}

function printLog(scene: Scene, id: NodeId): void {
  const { disk } = nodeOf(scene.cluster, id);
  say(scene, `${id} disk: ${printTerms(termsOf(disk.entries))}`);
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  // node n1 bootstrap=n1,n2 [blank] [log=1x3,2] [term=] [vote=] [random=] [maxLogBytes= …]
  node(scene, [id = "", blank], fields) {
    addFromFields(scene, id, (fields.get("bootstrap") ?? "").split(","), blank === "blank", fields);
  },
  // cluster n1 n2 n3 [fields of node]: all with the same fields, bootstrapped
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
    for (const { from, to, message, held } of scene.cluster.packets) {
      say(scene, `${printMessage(from.id, to, message)}${held ? " (held)" : ""}`);
    }
  },
  isolate(scene, ids) {
    for (const id of ids) scene.cut.add(id);
    remove(
      scene,
      scene.cluster.packets.filter((packet) => isCut(scene, packet)),
    );
  },
  heal(scene) {
    scene.cut.clear();
  },
  // persisted n1: the oldest write is done; persisted n1 all
  persisted(scene, [id = "", all]) {
    const node = nodeOf(scene.cluster, id);
    if (!finishOneWrite(scene.cluster, node)) throw new Error(`${id} writes nothing`);
    while (all === "all" && finishOneWrite(scene.cluster, node)) {
      /* until all are done */
    }
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
    const commands = Array.from(
      { length: numberOf(fields, "count") ?? 1 },
      () => new Uint8Array(numberOf(fields, "size") ?? 1),
    );
    step(scene.cluster, node, { type: "propose", firstSeq: node.nextSeq, commands });
    node.nextSeq += commands.length;
  },
  // read n1 [byLease]
  read(scene, [id = "", byLease]) {
    const node = nodeOf(scene.cluster, id);
    const input = { type: "read", id: node.nextReadId++, byLease: byLease !== undefined } as const;
    step(scene.cluster, node, input);
  },
  // transfer n1 [n2]: n1's users want n2, or anybody else, to lead
  transfer(scene, [id = "", target = null]) {
    const node = nodeOf(scene.cluster, id);
    step(scene.cluster, node, { type: "transferLeadership", id: node.nextTransferId++, target });
  },
  unreachable(scene, [id = "", peer = ""]) {
    step(scene.cluster, nodeOf(scene.cluster, id), { type: "unreachable", peer });
  },
  notSent(scene, [id = "", firstSeq]) {
    step(scene.cluster, nodeOf(scene.cluster, id), {
      type: "forwardNotSent",
      firstSeq: Number(firstSeq),
    });
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
    restart(nodeOf(scene.cluster, id), {
      wiped: wiped === "wiped",
      ...(bootstrap ? { bootstrap } : {}),
    });
  },
  // send n9>n1 appendEntries term=2 prev=1/1 … [from=<directory>] [run=] [to=<directory>]; asker:
  // the run that an answer is for
  send(scene, [link = "", type = ""], fields) {
    const [from = "", to = ""] = link.split(">");
    const message = handmade(type, incarnationOf(to, numberOf(fields, "to") ?? 1), fields);
    deliver(scene.cluster, {
      from: {
        id: from,
        incarnation: incarnationOf(from, numberOf(fields, "from") ?? 1),
        run: numberOf(fields, "run") ?? 1,
      },
      to,
      message,
      held: false,
    });
  },
  ask(scene, [link = "", ...voters]) {
    const [from = "", to = ""] = link.split(">");
    deliver(scene.cluster, {
      from: { id: from, incarnation: incarnationOf(from), run: 1 },
      to,
      message: { type: "bootstrapRequest", to: "", term: 0, voters: peersNamed(voters) },
      held: false,
    });
  },
  status(scene, ids) {
    for (const id of ids.length > 0 ? ids : scene.cluster.nodes.keys()) {
      say(scene, printStatus(id, nodeOf(scene.cluster, id).raft.status));
    }
  },
  log(scene, ids) {
    for (const id of ids.length > 0 ? ids : scene.cluster.nodes.keys()) printLog(scene, id);
  },
  deadline(scene, [id = ""]) {
    say(
      scene,
      `${id} deadline in ${nodeOf(scene.cluster, id).raft.deadline - scene.cluster.now} ms`,
    );
  },
  // what was sent since the last count
  count(scene) {
    for (const [key, count] of [...scene.sent].sort(([a], [b]) => (a < b ? -1 : 1))) {
      say(scene, `${key}: ${count}`);
    }
    scene.sent = new Map();
  },
};
