// Stands in for the server: says that it serves, answers /v1/status with n1 as leader, or, after
// /elect, with itself in the next term; is ready when it is asked for the third time; hands the
// leadership to anybody but n3. It logs when it started and when it was ready. Environment:
// FAKE_FAIL, FAKE_MUTE, FAKE_DEAF name nodes that fail at once, never get ready, or ignore SIGTERM;
// FAKE_MISSING one for whom the first start waits.
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
  if (request.url === "/readyz" && ++readyAsked < 3) return refuse(response, "catching up");
  if (request.url === "/readyz" && readyAsked === 3) log({ readyAt: Date.now() });
  if (request.url === "/v1/cluster/transfer") return void transfer(request, response);
  response.end(JSON.stringify(status()));
});

let readyAsked = 0;
const log = (line) => console.log(JSON.stringify(line));

function refuse(response, message) {
  response.writeHead(503).end(JSON.stringify({ error: { code: "no", message } }));
}

async function transfer(request, response) {
  const body = [];
  for await (const chunk of request) body.push(chunk);
  const { to } = JSON.parse(Buffer.concat(body).toString());
  if (to === "n3") return refuse(response, "n3 didn't answer in time; is it up?");
  response.end(JSON.stringify({ leaderId: to ?? "n2", term: term + 1 }));
}

const [host, port] = address.split(":");
server.listen(Number(port), host, () => {
  const { MALLOC_ARENA_MAX } = process.env;
  const [args, node] = [process.argv.slice(2), process.execArgv];
  log({ args, node, MALLOC_ARENA_MAX, startedAt: Date.now() });
  if (!is("FAKE_MUTE")) process.send({ type: "ready" });
});
