// What the file says that --config names.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { temporaryDirectory } from "./support/environment.js";
import { callOf, defaults, readLine } from "./support/read-line.js";

afterEach(() => vi.unstubAllEnvs());

describe("a file of options", () => {
  function fileWith(text: string): string {
    const file = join(temporaryDirectory(), "cluster.yaml");
    writeFileSync(file, text);
    return file;
  }

  test("gives way to flags and to the environment, wins over defaults, and serves every command", async () => {
    const file = fileWith("nodes: 5\ncodec: json\nhttp-base: 9100\nfresh: true\nkeys: 3\n");
    const environment = { RAFTKIT_CLUSTER_CODEC: "msgpack" };
    const [, options] = (await callOf(["up", "--config", file, "--nodes", "7"], environment)) as [
      unknown,
      object,
    ];
    expect(options).toMatchObject({ ...defaults, nodes: 7, httpBase: 9100, fresh: true });
    const named = { RAFTKIT_CLUSTER_CONFIG: file };
    expect(await callOf(["status"], named)).toEqual(["status", 9100, { json: false }]);
    expect(await callOf(["status", "--http-base", "9300"], named)).toEqual([
      "status",
      9300,
      { json: false },
    ]);
    expect(await callOf(["chaos"], named)).toEqual([
      "chaos",
      expect.objectContaining({ nodes: 5, keys: 3 }),
    ]);
  });

  test.each<[string, (file: string) => string]>([
    [
      "codec: xml",
      (file) =>
        `option '--codec <NAME>' value 'xml' from codec in ${file} is invalid. Allowed choices are msgpack, json`,
    ],
    [
      "codecc: json",
      (file) =>
        `option '--config <FILE>' argument '${file}' is invalid. ${file}: there is no option "codecc"; did you mean "codec"?`,
    ],
    [
      "nodes: 0",
      (file) =>
        `option '--nodes <N>' value '0' from nodes in ${file} is invalid. Allowed: a whole number from 1 to 9`,
    ],
    [
      "json: true",
      (file) =>
        `option '--config <FILE>' argument '${file}' is invalid. ${file}: there is no option "json"; remove it`,
    ],
  ])("with %s is refused in one line, and nothing is done", async (text, complaint) => {
    const file = fileWith(text);
    expect(await readLine(["up", "--config", file])).toEqual({
      calls: [],
      out: "",
      error: `raftkit-cluster: ${complaint(file)}; --help tells what is allowed\n`,
      exitCode: 1,
    });
  });
});
