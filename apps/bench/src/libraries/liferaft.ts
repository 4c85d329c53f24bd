// @markwylde/liferaft, with its log in memory. It numbers a command by what is last in its log when
// the command comes, so two at a time would get the same number: it is given one at a time.
import type { EventEmitter } from "node:events";
import { peers } from "./peers.js";
import type { Library } from "./library.js";

interface Node extends EventEmitter {
  readonly address: string;
  readonly state: number;
  join(address: string, write: (packet: object, reply: Reply) => void): void;
  command(command: Command): Promise<void>;
  promote(): Promise<unknown>;
  readonly timers: { end(): void };
}

interface Command {
  readonly id: number;
  readonly value: string;
}

type Reply = (error: Error | undefined, packet?: object) => void;

interface NodeClass {
  new (options: object): Node;
  readonly LEADER: number;
}

const IDS = ["n1", "n2", "n3"];

export const liferaft: Library = {
  name: "@markwylde/liferaft",
  batches: [1],
  async start() {
    const load = peers();
    const Liferaft = load("@markwylde/liferaft") as NodeClass;
    const Log = load("@markwylde/liferaft/log.js") as object;
    const adapter = load("memdown") as object;
    const options = {
      Log,
      adapter,
      "election min": "10 s",
      "election max": "20 s",
      heartbeat: "1 s",
    };
    const nodes = IDS.map((address) => new Liferaft({ ...options, address }));
    for (const node of nodes) {
      // What it says of stale packets and of answers to nobody.
      node.on("error", () => {});
      for (const other of nodes) {
        if (other === node) continue;
        node.join(other.address, (packet, reply) => {
          setImmediate(() =>
            other.emit("data", packet, (answer?: object) => reply(undefined, answer)),
          );
        });
      }
    }
    const [leader] = nodes;
    if (!leader) throw new Error("there is no node");
    const leads = new Promise((resolve) => leader.once("leader", resolve));
    await leader.promote();
    await leads;
    const waiting = new Map<number, () => void>();
    leader.on("commit", ({ id }: Command) => waiting.get(id)?.());
    let commands = 0;
    return {
      async commit(values) {
        for (const value of values) {
          const id = commands++;
          const committed = new Promise<void>((resolve) => waiting.set(id, resolve));
          await leader.command({ id, value: Buffer.from(value).toString("latin1") });
          await committed;
          waiting.delete(id);
        }
      },
      // Its own end closes the log at once, and fails where a commit is still being written.
      close: () => nodes.forEach(({ timers }) => timers.end()),
    };
  },
};
