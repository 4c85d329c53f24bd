// The command lines of server processes: how each comes to the cluster.
import { expect, test } from "vitest";
import { inUpOptions, layOut, placeOf, serverArguments } from "../src/supervisor/layout.js";
import type { NodePlace } from "../src/supervisor/layout.js";
import type { UpOptions } from "../src/supervisor/up-options.js";

const options: UpOptions = {
  nodes: 3,
  transport: "tcp",
  codec: "json",
  storage: "file",
  data: "data",
  clusterId: "c",
  httpBase: 8100,
  peerBase: 7100,
  logLevel: "info",
  fresh: false,
};

/** Those of how it begins. */
function beginning(place: NodePlace, all: readonly NodePlace[], given = options): string {
  const args = serverArguments(place, all, given);
  return args.slice(args.indexOf("--cluster-id") + 2, args.indexOf("--http")).join(" ");
}

const initial = "n1=127.0.0.1:7101,n2=127.0.0.1:7102,n3=127.0.0.1:7103";

test("an initial node has the initial list, whoever has left since", () => {
  const [n1, , n3] = layOut(options);
  const n4 = placeOf(4, options);
  if (!n1 || !n3) throw new Error("unreachable");
  expect(beginning(n1, layOut(options))).toBe(`--peers ${initial}`);
  expect(beginning(n1, [n1, n3, n4])).toBe(`--peers ${initial}`);
});

test("one that was added, and one that lost its directory, know where all others are", () => {
  const [n1, , n3] = layOut(options);
  const n4 = placeOf(4, options);
  if (!n1 || !n3) throw new Error("unreachable");
  expect(beginning(n4, [n1, n3, n4])).toBe(
    "--address 127.0.0.1:7104 --join 127.0.0.1:7101,127.0.0.1:7103",
  );
  expect(beginning({ ...n3, beginning: "rejoins" }, [n1, n3, n4])).toBe(
    "--address 127.0.0.1:7103 --join 127.0.0.1:7101,127.0.0.1:7104 --rejoin",
  );
});

test("one alone says so as long as it is alone", () => {
  const one = { ...options, nodes: 1 };
  const n1 = placeOf(1, one);
  expect(beginning(n1, [n1], one)).toBe("--peers n1=127.0.0.1:7101 --alone");
  expect(beginning(n1, [n1, placeOf(2, one)], one)).toBe("--peers n1=127.0.0.1:7101");
});

test("every node knows where every possible one serves", () => {
  const [n1] = layOut(options);
  const args = serverArguments(n1 ?? placeOf(1, options), layOut(options), options);
  const list = args[args.indexOf("--http-peers") + 1] ?? "";
  expect(list).toMatch(/^n1=127\.0\.0\.1:8101,.*,n9=127\.0\.0\.1:8109$/);
});

test("the Redis protocol is served where there is a base for its ports", () => {
  const redisPort = (given: UpOptions): string | undefined => {
    const args = serverArguments(placeOf(2, given), layOut(given), given);
    return args.includes("--redis-port") ? args[args.indexOf("--redis-port") + 1] : undefined;
  };
  expect(redisPort({ ...options, redisBase: 6400 })).toBe("127.0.0.1:6402");
  expect(redisPort({ ...options, redisBase: 0 })).toBeUndefined();
  expect(redisPort(options)).toBeUndefined();
});

test.each([
  ["HTTP address 127.0.0.1:8101", "with --http", "http"],
  ["Redis address 127.0.0.1:6401", "with --redis-port", "redis"],
  ["peer address 127.0.0.1:7101", "in --peers, on every node", "peer"],
])("what a server says of %s names the option of up", (address, how, base) => {
  const said = `raftkit-server n1: ${address} is in use by another process; choose another `;
  expect(inUpOptions(`${said}${how}`)).toBe(
    `raftkit-server n1: ${address} is in use by another process; choose others with --${base}-base`,
  );
});
