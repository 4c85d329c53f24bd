// What tells the data on a disk from data that nobody captured: shown what breaks it.
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { createCaptures } from "../../src/cluster-simulation/captures.js";
import { command, configuration, give, viewOf } from "../support/views.js";

const data = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The state in data is its first byte. */
function build(commands: readonly number[]) {
  const broken: string[] = [];
  const captures = createCaptures(
    (bytes) =>
      bytes[0] === undefined ? Promise.reject(new Error("empty")) : Promise.resolve(bytes[0]),
    (index) => commands.findLast((one) => one <= index) ?? 0,
    (check, message) => void broken.push(`${check}: ${message}`),
  );
  const node = viewOf("n1");
  give(node, configuration(1, 1, ["n1"]), command(2, 2, 1), command(3, 2, 2), command(4, 2, 3));
  const take = (index: number, stateHash: number, applied: number) =>
    captures.take("n1", index, stateHash, node.log, applied);
  const fileOf = (bytes: Uint8Array, index: number) => ({
    snapshotId: "s",
    path: "/data/snapshots/s",
    index,
    term: 2,
    configuration: { clusterInstance: "", voters: [], learners: [], outgoing: [] },
    configurationIndex: 1,
    bytes: bytes.length,
    crc: 0,
    foundCrc: crc32(bytes),
  });
  return { broken, captures, node, take, fileOf };
}

test("data is that of its capture, at its index and behind it up to the next command", () => {
  const { captures, node, take, fileOf } = build([2, 4]);
  take(2, 97, 3)(data("abc"));
  for (const [index, expected] of [
    [2, 2],
    [3, 3],
    [4, 2],
    [1, 2],
  ] as const) {
    expect(captures.viewOf(fileOf(data("abc"), index)).content?.index).toBe(expected);
  }
  const { content } = captures.viewOf(fileOf(data("abc"), 3));
  expect(content?.stateHash).toBe(97);
  expect(content?.entries.chain(3)).toBe(node.log.chain(3));
});

test("data that was cut, or changed, is nobody's", () => {
  const { captures, take, fileOf } = build([2]);
  take(2, 97, 3)(data("abc"));
  for (const bytes of [data("ab"), data("abd"), data("")]) {
    expect(captures.viewOf(fileOf(bytes, 2)).content).toBeUndefined();
  }
});

test("the same state may be captured twice: a command may change nothing", () => {
  const { captures, take, fileOf } = build([2, 3]);
  take(3, 97, 3)(data("abc"));
  take(2, 97, 3)(data("abc"));
  expect(captures.viewOf(fileOf(data("abc"), 3)).content?.index).toBe(3);
  expect(captures.viewOf(fileOf(data("abc"), 2)).content?.index).toBe(2);
});

test("is reported: data that holds another state than the captured one, or none", async () => {
  const { broken, take } = build([2]);
  take(2, 97, 2)(data("abc"));
  await Promise.resolve();
  expect(broken).toEqual([]);
  take(2, 97, 2)(data("bbc"));
  take(2, 97, 2)(data(""));
  await new Promise((resolve) => setImmediate(resolve));
  expect(broken).toHaveLength(2);
  for (const one of broken) expect(one).toMatch(/^snapshot-content: n1 captured its state after 2/);
});
