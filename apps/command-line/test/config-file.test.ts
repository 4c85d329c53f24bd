// A file of options: what it may say, and that everything else is refused in one line that names the
// file, what is wrong in it, and what to do.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConfigFileError, readConfigFile } from "@raftkit-app/command-line";

const KNOWN = ["codec", "nodes", "peers", "lease-drift-rate", "fresh"];

function fileWith(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), "raftkit-config-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "some.yaml");
  writeFileSync(file, text);
  return file;
}

function valuesOf(text: string): Record<string, string> {
  return Object.fromEntries(readConfigFile(fileWith(text), KNOWN).values);
}

describe("a file of options", () => {
  test.each<[string, string, Record<string, string>]>([
    [
      "lines, with comments",
      "# all\ncodec: json # text\nnodes: 5\n",
      { codec: "json", nodes: "5" },
    ],
    ["JSON", '{"codec": "json", "nodes": 5}', { codec: "json", nodes: "5" }],
    ["lists", "peers:\n  - n1=a:1\n  - n2=b:2\n", { peers: "n1=a:1,n2=b:2" }],
    [
      "texts as they are written",
      "lease-drift-rate: 0.0010\nfresh: true\ncodec: no\nnodes: 1e3\n",
      { "lease-drift-rate": "0.0010", fresh: "true", codec: "no", nodes: "1e3" },
    ],
    ["nothing", "# later\n", {}],
  ])("may have %s", (_, text, values) => expect(valuesOf(text)).toEqual(values));

  test.each<[string, string, RegExp]>([
    [
      "an option that there isn't",
      "codecc: json",
      /: there is no option "codecc"; did you mean "codec"\?$/,
    ],
    ["one that is like none", "frobnicate: 1", /: there is no option "frobnicate"; remove it$/],
    [
      "an option twice",
      "codec: json\ncodec: json",
      / isn't YAML \(Map keys must be unique at line 2, column 1\)$/,
    ],
    ["no YAML", "codec: [json", / isn't YAML \(.* at line 1, column \d+\)$/],
    ["a list alone", "- codec", / must have lines like "option: value", and nothing else$/],
    [
      "lines below a line",
      "codec:\n  name: json",
      /: "codec" must have a value, or a list of values$/,
    ],
  ])("that has %s is refused", (_, text, message) => {
    const file = fileWith(text);
    const read = (): unknown => readConfigFile(file, KNOWN);
    expect(read).toThrow(ConfigFileError);
    expect(read).toThrow(message);
    expect(read).toThrow(new RegExp(`^${file}[^\\n]*$`));
  });

  test("that isn't there is refused, with what the system says", () => {
    expect(() => readConfigFile("/nowhere/some.yaml", KNOWN)).toThrow(
      /^\/nowhere\/some\.yaml can't be read \(ENOENT: no such file or directory, [^\n]*\)$/,
    );
  });
});
