// A server that looks right and isn't: LIE=lost acknowledges some writes without doing them,
// LIE=stale answers some reads with what was true before, LIE=twice executes a write again that
// comes again under its Idempotency-Key, LIE=older answers reads of older states with what was true
// before their index, LIE=silent leaves out some changes, LIE=memory keeps nothing on disk.
// Otherwise the server's own parts, with its own options.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const root = dirname(
  createRequire(new URL("../../package.json", import.meta.url)).resolve(
    "@raftkit-app/server/package.json",
  ),
);
const load = (file) => import(pathToFileURL(join(root, "dist", file)).href);
const [{ startServer }, { openNode }, { parseOptions }] = await Promise.all([
  load("server.js"),
  load("compose.js"),
  load("cli/parse.js"),
]);

/** The kv package's form of a command: [0, key, value] is an unconditional put. */
const PUT = 0;
const isPut = (command) => command?.[0] === PUT && command.length === 3;
const lie = process.env.LIE;
const logger = { debug() {}, info() {}, warn() {}, error() {} };
let calls = 0;
const remembered = new Map();

/** Whether it is time for a lie: now and then, not at first. */
const isDue = () => ++calls % 10 === 0;

/** Where changes go. */
const told = (changes) => ({
  publish: (index, events) =>
    changes.publish(index, lie === "silent" && events.length > 0 && isDue() ? [] : events),
  restored: (index) => changes.restored(index),
});

async function open(settings, context) {
  const node = await openNode(settings, { ...context, changes: told(context.changes) });
  return {
    on: node.on.bind(node),
    status: node.status.bind(node),
    close: node.close.bind(node),
    snapshot: node.snapshot.bind(node),
    ready: node.ready.bind(node),
    changeMembership: node.changeMembership.bind(node),
    transferLeadership: node.transferLeadership.bind(node),
    propose: async (command, options) => {
      // The sessions package's forms: [command] outside of sessions, [session, number, lowest,
      // command].
      if (lie === "lost" && command.length === 1 && isPut(command[0]) && isDue()) {
        return { ok: true, index: node.status().lastIndex + 1, previousIndex: 1 };
      }
      if (lie === "twice" && command.length === 4) {
        return { ok: true, result: await node.propose([command[3]], options) };
      }
      return node.propose(command, options);
    },
    read: async (query, options) => {
      const name = JSON.stringify(query);
      if (lie === "stale" && query.type === "get" && remembered.has(name) && isDue()) {
        return remembered.get(name);
      }
      const answer = await node.read(query, options);
      const { consistency = "linearizable" } = options;
      const isOlder = consistency === "local" || typeof consistency === "object";
      if (lie === "older" && isOlder && remembered.has(name)) return remembered.get(name);
      if (!remembered.has(name)) remembered.set(name, answer);
      return answer;
    },
  };
}

const { http } = await startServer({
  settings: parseOptions(
    [...process.argv.slice(2), ...(lie === "memory" ? ["--storage", "memory"] : [])],
    {},
  ),
  logger,
  open,
});
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
process.send?.({ type: "ready", http });
