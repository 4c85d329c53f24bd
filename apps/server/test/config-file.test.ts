// What the file says that --config names.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { optionTable } from "../src/cli/table.js";
import { temporaryDirectory } from "./process.js";
import { complaint, settings } from "./settings.js";

describe("a file of options", () => {
  function fileWith(text: string): string {
    const file = join(temporaryDirectory(), "n2.yaml");
    writeFileSync(file, text);
    return file;
  }

  const text = `
id: n2
peers: # the same on every node
  - n1=127.0.0.1:7101
  - n2=127.0.0.1:7102
timeout-ms: 2000
lease-drift-rate: 0.001
codec: json
`;

  test("gives way to flags and to the environment, and wins over defaults", () => {
    const file = fileWith(text);
    const expected = {
      id: "n2",
      data: "raftkit-data/n2",
      peers: [
        { id: "n1", address: "127.0.0.1:7101" },
        { id: "n2", address: "127.0.0.1:7102" },
      ],
      timeoutMs: 7,
      leaseDriftRate: 0.001,
      codec: "msgpack",
    };
    const environment = { RAFTKIT_CODEC: "msgpack", RAFTKIT_TIMEOUT_MS: "9" };
    expect(settings(["--config", file, "--timeout-ms", "7"], environment)).toMatchObject(expected);
    expect(settings([], { RAFTKIT_CONFIG: file })).toMatchObject({ codec: "json", id: "n2" });
  });

  test("is named where a value in it is wrong, and so is the option", () => {
    const file = fileWith("codec: xml\ntimeout-ms: 1e3\n");
    expect(complaint(["--config", file])).toBe(
      [
        `--codec: given "xml" (from codec in ${file}); allowed: msgpack or json`,
        `--timeout-ms: given "1e3" (from timeout-ms in ${file}); allowed: a whole number from 1 to 600000`,
      ].join("\n"),
    );
    expect(settings(["--config", file, "--codec", "json", "--timeout-ms", "7"]).codec).toBe("json");
  });

  test("is refused as a whole where it has no options, other ones, or can't be read", () => {
    const { allowed } = optionTable.config;
    for (const [bad, reason] of [
      ["codecc: json", /: there is no option "codecc"; did you mean "codec"\?/],
      ["config: other.yaml", /: there is no option "config"; /],
      ["- codec", / must have lines like "option: value", and nothing else/],
    ] as const) {
      const file = fileWith(bad);
      const said = complaint(["--config", file]);
      expect(said).toMatch(reason);
      expect(said.startsWith(`--config: given ${JSON.stringify(file)} (${file}`)).toBe(true);
      expect(said.endsWith(`); allowed: ${allowed}`)).toBe(true);
    }
    expect(complaint(["--config", "/nowhere"])).toContain("/nowhere can't be read (ENOENT");
  });
});
