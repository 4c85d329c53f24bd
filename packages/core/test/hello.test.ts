// What nodes say of themselves: what passes for it, and who turns whom away.
import { describe, expect, test } from "vitest";
import { checkLocalNode, helloOf, InvalidOption, mismatch, readHello } from "../src/index.js";
import type { Hello } from "../src/index.js";
import { hello } from "./support/hello.js";

describe("readHello", () => {
  test.each([null, "b"])("takes what is one, to %j, and leaves the rest out", (to) => {
    const said = hello("a", { to, run: 2 ** 50, maxFrameBytes: 1 });
    expect(readHello({ ...said, more: "x".repeat(1000) })).toStrictEqual(said);
    expect(readHello(JSON.parse(JSON.stringify(said)))).toStrictEqual(said);
  });

  test.each([undefined, null, 3, "hello", [], {}, { ["__proto__"]: hello("a") }])(
    "refuses %j",
    (value) => expect(readHello(value)).toBeUndefined(),
  );

  test.each<[keyof Hello, readonly unknown[]]>([
    ["clusterId", [undefined, null, 3, "", "two words", "x".repeat(65)]],
    ["id", [undefined, null, 3, "", "a/b", "x".repeat(65), ["a"]]],
    ["incarnation", [undefined, null, 3, "short", "x".repeat(65)]],
    ["run", [undefined, null, "1", -1, 1.5, Number.NaN, Infinity, 2 ** 53]],
    ["codec", [undefined, null, 3, "", "JSON", "a+b+c+d+e"]],
    ["address", [undefined, null, 3, "", "a b", "x".repeat(257), "a\n"]],
    ["maxFrameBytes", [undefined, null, "1", 0, -1, 1.5, Infinity]],
    ["to", [undefined, 3, "", "two words"]],
  ])("refuses a wrong %s", (field, values) => {
    for (const value of values) {
      expect(readHello({ ...hello("a"), [field]: value }), String(value)).toBeUndefined();
    }
  });
});

test("checkLocalNode names the field with which a node can't introduce itself", () => {
  const local = hello("a");
  expect(() => checkLocalNode(local)).not.toThrow();
  expect(() => checkLocalNode({ ...local, run: -1 })).toThrow(
    new InvalidOption('the run is "-1"; give a whole number'),
  );
  expect(() => checkLocalNode({ ...local, codec: "" })).toThrow(
    'the codec name is ""; give up to four names joined by +',
  );
  expect(helloOf(local, 5, "b")).toStrictEqual({ ...local, maxFrameBytes: 5, to: "b" });
});

describe("mismatch", () => {
  test.each<[string, Partial<Hello>, Partial<Hello>]>([
    ["nobody is looked for", {}, {}],
    ["each is whom the other looks for", { to: "b" }, { to: "a" }],
    ["they are of different runs and addresses", { run: 5 }, { run: 9, address: "elsewhere" }],
  ])("none where %s", (_, ours, theirs) => {
    expect(mismatch(hello("a", ours), hello("b", theirs))).toBeUndefined();
  });

  test.each<[string, Partial<Hello>, Partial<Hello>, string]>([
    [
      "CLUSTER_MISMATCH",
      {},
      { clusterId: "greed" },
      'b belongs to cluster "greed", a to "green"; give both the same cluster id',
    ],
    [
      "CODEC_MISMATCH",
      {},
      { codec: "json+kv-2" },
      'b uses the codec "json+kv-2", a uses "json+kv-1"; give both the same codec, and state machines of the same commandFormat',
    ],
    [
      "FRAME_LIMIT_MISMATCH",
      {},
      { maxFrameBytes: 999 },
      "b takes frames of up to 999 bytes, a of up to 1000; give every node the same maxFrameBytes",
    ],
    [
      "FRAME_LIMIT_MISMATCH",
      {},
      { maxFrameBytes: 1001 },
      "b takes frames of up to 1001 bytes, a of up to 1000; give every node the same maxFrameBytes",
    ],
    ["WRONG_PEER", { to: "c" }, {}, "a looked for c and found b; check the addresses of c and b"],
    ["WRONG_PEER", {}, { to: "c" }, "b looked for c and found a; check the addresses of c and a"],
    [
      "DUPLICATE_ID",
      {},
      { id: "a" },
      "two nodes call themselves a; give every node an id of its own",
    ],
  ])("%s: %j and %j", (code, ours, theirs, message) => {
    const [a, b] = [hello("a", ours), hello("b", theirs)];
    expect(mismatch(a, b)).toEqual({ code, message });
    expect(mismatch(b, a)?.code).toBe(code); // the other side sees it, too
  });
});
