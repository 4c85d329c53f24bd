// Stands in for the server: says that it serves, answers /v1/status with n1 as leader, or, after
// /elect, with itself in the next term. Environment: FAKE_FAIL, FAKE_MUTE, FAKE_DEAF name nodes that
// fail at once, never get ready, or ignore SIGTERM; FAKE_MISSING one for whom the first start waits.
import { createServer } from "node:http";

const valueOf = (flag) => process.argv[process.argv.indexOf(flag) + 1] ?? "";
const id = valueOf("--id");
const address = valueOf("--http");
const is = (name) => (process.env[name] ?? "").split(",").includes(id);

process.on("SIGTERM", () => is("FAKE_DEAF") || process.exit(0));
if (is("FAKE_FAIL")) {
  process.stderr.write(`fake-server ${id}: HTTP address ${address} is in use by another process\n`);
  process.exit(1);
}
const { FAKE_MISSING: missing } = process.env;
let leaderId = "n1";
let term = 7;
/** Until FAKE_MISSING have answered, nobody leads. */
const status = () => ({
  role: missing === undefined && id === leaderId ? "leader" : "follower",
  term: missing === undefined ? term : 0,
  leaderId: missing === undefined ? leaderId : null,
  lastIndex: 3,
  commitIndex: 3,
  lastApplied: 2,
  ...(missing === undefined ? {} : { bootstrap: { missing: id === "n1" ? [missing] : [] } }),
});
const server = createServer((request, response) => {
  if (request.url === "/crash") {
    process.stderr.write(`fake-server ${id}: the disk is full\n`);
    process.exit(3);
  }
  if (request.url === "/elect") {
    leaderId = id;
    term += 1;
  }
  response.end(JSON.stringify(status()));
});
const [host, port] = address.split(":");
server.listen(Number(port), host, () => {
  console.log(JSON.stringify({ args: process.argv.slice(2) }));
  if (!is("FAKE_MUTE")) process.send({ type: "ready" });
});
