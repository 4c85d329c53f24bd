// The command: what it prints and how it ends, by its own function.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../src/cli/run.js";

const good = [
  '{"client":"a","invoked":0,"completed":1,"op":"put","key":"k","value":"x","result":{"ok":true}}',
  '{"client":"b","invoked":1,"completed":null,"op":"put","key":"k","value":"y"}',
  '{"client":"c","invoked":2,"completed":3,"op":"get","key":"k2","result":null}',
];
const bad = [
  ...good,
  '{"client":"d","invoked":4,"completed":5,"op":"get","key":"k","result":null}',
];
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "linearizability-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function call(
  args: readonly string[],
  lines: readonly string[] = good,
): Promise<{ code: number; out: string; error: string }> {
  const printed = { out: "", error: "" };
  async function* stdin(): AsyncGenerator<string> {
    yield `${lines.join("\n")}\n`;
  }
  const code = await run(args, {
    stdin: stdin(),
    out: (text) => {
      printed.out += text;
    },
    error: (text) => {
      printed.error += text;
    },
  });
  return { code, ...printed };
}

test("linearizable: 0, with the operations of each key", async () => {
  expect(await call(["-"])).toEqual({
    code: 0,
    error: "",
    out: `key  operations  unknown
k             2        1
k2            1        0
linearizable: 3 operations`,
  });
});

test("a violation: 1, with its picture", async () => {
  const { code, out } = await call(["-"], bad);
  expect(code).toBe(1);
  expect(out).toBe(`key  operations  unknown
k             3        1
k2            1        0
not linearizable: part "k": no order explains these 2 of 3 operations

  a  [===]              put "x" -> ok  (0..1)
  d          [===]      get -> absent  (4..5)`);
});

test("undecided: 3", async () => {
  expect(await call(["--max-steps", "1", "-"], bad)).toMatchObject({
    code: 3,
    out: expect.stringContaining('undecided: part "k"') as string,
  });
});

test("--json prints the verdict, with null for what has no end", async () => {
  const { code, out } = await call(["--json", "-"], bad);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    kind: "violation",
    part: "k",
    operations: 3,
    smallest: [{ client: "a" }, { client: "d" }],
    parts: [
      { part: "k", operations: 3, unknown: 1 },
      { part: "k2", operations: 1, unknown: 0 },
    ],
  });
});

test("--model register", async () => {
  expect(
    await call(
      ["--model=register", "-"],
      ['{"client":"a","invoked":0,"completed":1,"op":"read","result":1}'],
    ),
  ).toMatchObject({ code: 1, out: expect.stringContaining("(all)") as string });
});

test.each([
  [[], "0 files were given"],
  [["a", "b"], "2 files were given"],
  [["--model", "queue", "-"], "--model queue is not known; allowed: kv, register"],
  [["--max-steps", "0", "-"], "--max-steps 0 is not allowed"],
  [["--model", "kv", "--model", "register", "-"], "--model was given twice"],
  [["--json", "--json", "-"], "--json was given twice"],
  [["--wrong"], "--wrong"],
])("wrong usage %j: 2", async (args, message) => {
  const { code, out, error } = await call(args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain(message);
  expect(error).toMatch(/^raftkit-linearizability: .+\n\nusage: raftkit-linearizability/);
});

test("no history: 2, with the line; no file: 2", async () => {
  expect(await call(["-"], [...good, "{}"])).toEqual({
    code: 2,
    out: "",
    error: 'raftkit-linearizability: -: line 4: "client" is missing; it must be a text',
  });
  expect(await call(["-"], [""])).toMatchObject({
    code: 2,
    out: "",
    error: expect.stringContaining("no operations") as string,
  });
  expect(await call(["-"], good.slice(1, 2))).toMatchObject({
    code: 2,
    out: "",
    error:
      "raftkit-linearizability: -: none of its operations (1) was answered, so nothing would be proven",
  });
  const twice = [
    ...good,
    "",
    '{"client":"b","invoked":7,"completed":8,"op":"get","key":"k","result":null}',
  ];
  expect(await call(["-"], twice)).toMatchObject({
    code: 2,
    error:
      'raftkit-linearizability: -: line 5: client "b" calls at 7 during its operation of 1, whose outcome is unknown: continue under another client name',
  });
  expect(await call([join(folder, "none")])).toMatchObject({
    code: 2,
    error: expect.stringMatching(/^raftkit-linearizability: .*ENOENT/) as string,
  });
});

test("--help: 0", async () => {
  expect(await call(["--help"])).toMatchObject({
    code: 0,
    out: expect.stringContaining("exit codes: 0 linearizable") as string,
  });
});

test("a file is read as the pipe is", async () => {
  const file = join(folder, "bad.jsonl");
  await writeFile(file, bad.join("\n"));
  expect(await call([file])).toEqual(await call(["-"], bad));
});

test("the published command starts Node", async () => {
  const manifest = JSON.parse(
    await readFile(new URL("../package.json", import.meta.url), "utf8"),
  ) as { publishConfig: { bin: unknown } };
  expect(manifest.publishConfig.bin).toEqual({ "raftkit-linearizability": "./dist/cli/main.js" });
  expect(await readFile(new URL("../src/cli/main.ts", import.meta.url), "utf8")).toMatch(
    /^#!\/usr\/bin\/env node\n/,
  );
});
