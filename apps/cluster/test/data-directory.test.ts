import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { memberRecord, placesIn, takeDataDirectory } from "../src/supervisor/data-directory.js";
import type { UpOptions } from "../src/supervisor/up-options.js";
import { temporaryDirectory } from "./support/environment.js";

const base: UpOptions = {
  nodes: 3,
  transport: "tcp",
  codec: "msgpack",
  storage: "file",
  data: "",
  clusterId: "raftkit",
  httpBase: 8100,
  peerBase: 7100,
  logLevel: "info",
  fresh: false,
};

const membersIn = (options: UpOptions): number[] => placesIn(options).map(({ number }) => number);

function directoryWithData(): UpOptions {
  const options = { ...base, data: join(temporaryDirectory(), "data") };
  takeDataDirectory(options)();
  mkdirSync(join(options.data, "n1"));
  writeFileSync(join(options.data, "n1/log"), "precious");
  return options;
}

describe("the data directory", () => {
  test("is created for its owner alone", () => {
    const { data } = directoryWithData();
    expect(statSync(data).mode & 0o777).toBe(0o700);
  });

  test("that can't be made is refused in one line, below a file as on a file system that takes none", () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "precious");
    for (const data of [
      file,
      join(file, "data"),
      ...(existsSync("/proc") ? ["/proc/raftkit/data"] : []),
    ]) {
      expect(() => takeDataDirectory({ ...base, data })).toThrow(
        /^[^\n]* (can't be created|can't be read) [^\n]*; choose another --data$/,
      );
    }
  });

  test("can be taken again with what it was created with", () => {
    const options = directoryWithData();
    takeDataDirectory({ ...options, httpBase: 9100, logLevel: "warn" })();
    expect(readFileSync(join(options.data, "n1/log"), "utf8")).toBe("precious");
  });

  test.each([
    [{ nodes: 5 }, "--nodes 3, given --nodes 5"],
    [{ codec: "json" as const }, "--codec msgpack, given --codec json"],
    [{ clusterId: "blue" }, "--cluster-id raftkit, given --cluster-id blue"],
    [{ transport: "http" as const }, "--transport tcp, given --transport http"],
    [{ peerBase: 7200 }, "--peer-base 7100, given --peer-base 7200"],
  ])("refuses %j and says what it was created with", (differing, said) => {
    const options = directoryWithData();
    expect(() => takeDataDirectory({ ...options, ...differing })).toThrow(said);
    takeDataDirectory(options)();
    expect(readFileSync(join(options.data, "n1/log"), "utf8")).toBe("precious");
  });

  test("takes other options with --fresh, which deletes what was there", () => {
    const options = directoryWithData();
    takeDataDirectory({ ...options, nodes: 5, fresh: true })();
    expect(existsSync(join(options.data, "n1"))).toBe(false);
    expect(() => takeDataDirectory(options)).toThrow("--nodes 5, given --nodes 3");
  });

  test("remembers nothing of nodes that keep their data in memory, and forgets nothing because of them", () => {
    const options = directoryWithData();
    takeDataDirectory({ ...options, nodes: 5, storage: "memory" })();
    expect(() => takeDataDirectory({ ...options, nodes: 5 })).toThrow("was created with --nodes 3");
    const other = { ...base, data: temporaryDirectory(), storage: "memory" as const };
    takeDataDirectory(other)();
    takeDataDirectory({ ...other, storage: "file", nodes: 5 })();
  });

  test.each([false, true])("is left alone if it isn't a cluster's, fresh %s", (fresh) => {
    const data = temporaryDirectory();
    writeFileSync(join(data, "thesis.tex"), "precious");
    expect(() => takeDataDirectory({ ...base, data, fresh })).toThrow(
      "isn't a cluster's; nothing was touched",
    );
    expect(readdirSync(data)).toEqual(["thesis.tex"]);
  });

  test("is refused while another cluster uses it, also with --fresh", () => {
    const options = directoryWithData();
    const release = takeDataDirectory(options);
    expect(() => takeDataDirectory({ ...options, fresh: true })).toThrow(
      `in use by process ${process.pid}`,
    );
    release();
    takeDataDirectory(options)();
  });

  test("is taken over from a process that is gone, even if its number is in use again", () => {
    const options = directoryWithData();
    writeFileSync(
      join(options.data, "running.json"),
      JSON.stringify({ pid: process.pid, startedAt: "an earlier boot 12345" }),
    );
    takeDataDirectory(options)();
  });

  test("knows which nodes there are, for the next time, if it keeps them", () => {
    const options = directoryWithData();
    expect(membersIn(options)).toEqual([1, 2, 3]);
    memberRecord(options).keep([1, 3, 4], undefined);
    takeDataDirectory(options)();
    expect(membersIn(options)).toEqual([1, 3, 4]);
    // Nothing of it is in memory any more.
    expect(membersIn({ ...options, storage: "memory" })).toEqual([1, 2, 3]);
    memberRecord({ ...options, storage: "memory" }).keep([1], undefined);
    expect(membersIn(options)).toEqual([1, 3, 4]);
    expect(membersIn({ ...options, fresh: true })).toEqual([1, 2, 3]);
    takeDataDirectory({ ...options, fresh: true })();
    expect(membersIn(options)).toEqual([1, 2, 3]);
  });

  test("knows what is to be finished: the nodes of it are started, too", () => {
    const options = directoryWithData();
    const replace = { command: "replace", node: "n2", added: 4 } as const;
    memberRecord(options).keep([1, 2, 3], replace);
    takeDataDirectory(options)();
    expect(memberRecord(options).unfinished).toEqual(replace);
    expect(membersIn(options)).toEqual([1, 2, 3, 4]);
    const wipe = { command: "wipe", node: "n2", added: null, incarnation: "i" } as const;
    memberRecord(options).keep([1, 2, 3], wipe);
    expect(placesIn(options).map(({ beginning }) => beginning)).toEqual([
      "founds",
      "rejoins",
      "founds",
    ]);
    memberRecord(options).keep([1, 2, 3], undefined);
    expect(memberRecord(options).unfinished).toBeUndefined();
  });

  test("with a marker that can't be read is refused, until --fresh", () => {
    const options = directoryWithData();
    writeFileSync(join(options.data, "raftkit-cluster.json"), "{");
    expect(() => takeDataDirectory(options)).toThrow("can't be read as a cluster's marker");
    takeDataDirectory({ ...options, fresh: true })();
  });
});
