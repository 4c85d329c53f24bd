// Requests, however they are cut into pieces, and what is none.
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ProtocolError, RequestParser } from "../../src/redis/parser.js";
import { encode } from "./client.js";

const limits = {
  maxArguments: 100,
  maxArgumentBytes: 1000,
  maxCommandBytes: 2000,
  maxLineBytes: 64,
};

function parsed(pieces: readonly Uint8Array[]): string[][] {
  const parser = new RequestParser(limits);
  const commands: string[][] = [];
  for (const piece of pieces) {
    // A socket's buffer is its own.
    parser.push(Buffer.from(piece));
    for (let args = parser.next(); args; args = parser.next()) {
      commands.push(args.map((arg) => arg.toString("latin1")));
    }
  }
  return commands;
}

const anyArgument = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.constantFrom("\r\n", "$1\r\na\r\n", "*1\r\n", "").map((text) => Buffer.from(text)),
);
const anyCommand = fc.array(anyArgument, { minLength: 1, maxLength: 5 });
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

test("a cut at any byte makes no difference", () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { minLength: 1, maxLength: 4 }), (commands) => {
      const all = Buffer.concat(commands.map((args) => encode(...args)));
      const expected = commands.map((args) => args.map(latin1));
      for (let cut = 0; cut <= all.length; cut++) {
        expect(parsed([all.subarray(0, cut), all.subarray(cut)])).toEqual(expected);
      }
      expect(parsed(Array.from(all, (byte) => Uint8Array.of(byte)))).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

const anyLoad = fc.array(fc.tuple(fc.nat(400), fc.nat({ max: 3000 })), {
  minLength: 1,
  maxLength: 60,
});

test("large chunks that cut commands make no difference, and only what is cut is copied", () => {
  fc.assert(
    fc.property(anyLoad, (load) => {
      const commands = load.map(([length], i) => ["SET", `key${i}`, "x".repeat(length)]);
      const all = Buffer.concat(commands.map((args) => encode(...args)));
      const parser = new RequestParser(limits);
      const got: (readonly Buffer[])[] = [];
      for (let from = 0, i = 0; from < all.length; i++) {
        const length = 1200 + (load[i % load.length]?.[1] ?? 0);
        parser.push(Buffer.from(all.subarray(from, (from += length))));
        // Sometimes two chunks are there before anybody looks.
        if (length % 5 === 0) continue;
        for (let args = parser.next(); args !== undefined; args = parser.next()) got.push(args);
      }
      for (let args = parser.next(); args !== undefined; args = parser.next()) got.push(args);
      expect(got.map((args) => args.map(latin1))).toEqual(commands);
      expect(parser.heldBytes).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test("behind a command that two chunks share, arguments are views of the second one", () => {
  const all = Buffer.concat(
    Array.from({ length: 40 }, () => encode("SET", "key", "x".repeat(100))),
  );
  const second = Buffer.from(all.subarray(200));
  const parser = new RequestParser(limits);
  const values: unknown[] = [];
  for (const chunk of [all.subarray(0, 200), second]) {
    parser.push(chunk);
    for (let args = parser.next(); args; args = parser.next()) values.push(args[2]?.buffer);
  }
  expect(values).toHaveLength(40);
  expect(values.slice(10).every((buffer) => buffer === second.buffer)).toBe(true);
});

test("a long line that two chunks share isn't copied again and again", () => {
  const copied = vi.spyOn(Buffer, "concat");
  onTestFinished(() => copied.mockRestore());
  const maxLineBytes = 64 * 1024;
  const line = "x".repeat(maxLineBytes - 1);
  const parser = new RequestParser({ ...limits, maxLineBytes });
  for (const chunk of [line.slice(0, 1), `${line.slice(1)}\r\n${"PING\r\n".repeat(1000)}`]) {
    parser.push(Buffer.from(chunk));
    for (let args = parser.next(); args !== undefined; args = parser.next());
  }
  expect(parser.waitingBytes).toBe(0);
  const bytes = copied.mock.results.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0);
  expect(bytes).toBeLessThan(4 * line.length);
});

test("arguments stay what they were when more is received", () => {
  const parser = new RequestParser(limits);
  const all = encode("SET", "key", "x".repeat(900));
  parser.push(all.subarray(0, 100));
  expect(parser.next()).toBeUndefined();
  parser.push(all.subarray(100));
  const args = parser.next();
  parser.push(encode("GET", "other"));
  expect(parser.next()?.map(latin1)).toEqual(["GET", "other"]);
  expect(args?.map(latin1)).toEqual(["SET", "key", "x".repeat(900)]);
});

test("what it holds counts until it is taken: nothing is kept for an idle client", () => {
  const parser = new RequestParser(limits);
  expect(parser.heldBytes).toBe(0);
  const all = encode("SET", "key", "x".repeat(900));
  parser.push(all.subarray(0, 500));
  parser.next();
  expect(parser.heldBytes).toBeGreaterThanOrEqual(500);
  parser.push(all.subarray(500));
  expect(parser.next()).toHaveLength(3);
  expect(parser.next()).toBeUndefined();
  expect(parser.heldBytes).toBe(0);
});

test("arguments of a command that isn't whole count, however small they are", () => {
  const parser = new RequestParser(limits);
  parser.push(
    Buffer.concat([Buffer.from("*100\r\n"), encode(...Array<string>(60).fill("")).subarray(5)]),
  );
  expect(parser.next()).toBeUndefined();
  expect(parser.heldBytes).toBeGreaterThan(60 * 100);
});

test("lines of plain text are commands, too", () => {
  const text = "PING\r\nset  a\t1 \n\r\n\r\nGET a\r\n";
  expect(parsed([Buffer.from(text)])).toEqual([["PING"], ["set", "a", "1"], ["GET", "a"]]);
});

test("empty arrays are nothing", () => {
  expect(parsed([Buffer.from("*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n")])).toEqual([["PING"]]);
});

describe("what is no request", () => {
  const array = (length: number): string => `*1\r\n$${length}\r\n`;
  test.each([
    ["an argument of another type", "*1\r\n:5\r\n", "expected '$', got ':'"],
    ["a length that is no number", "*1\r\n$x\r\n", "invalid bulk length"],
    ["a negative length", array(-1), "invalid bulk length"],
    ["a long argument", array(1001), "invalid bulk length"],
    ["a length of many digits", "*1\r\n$00000000001\r\n", "invalid bulk length"],
    ["no length", "*1\r\n$\r\n", "invalid bulk length"],
    ["many arguments", "*101\r\n", "invalid multibulk length"],
    ["a number of arguments that is none", "*1a\r\n", "invalid multibulk length"],
    [
      "a large command",
      `*3\r\n${`$1000\r\n${"x".repeat(1000)}\r\n`.repeat(2)}$1\r\n`,
      "too large request",
    ],
    [
      "an argument that is longer than announced",
      "*1\r\n$1\r\nab\r\n",
      "a bulk string doesn't end with CR LF",
    ],
    ["a long line", "x".repeat(65), "too big inline request"],
    ["a long line with its end", `${"x".repeat(65)}\r\n`, "too big inline request"],
    ["a long announcement", `*1\r\n$${"1".repeat(65)}`, "too big inline request"],
    ["quotes", 'SET a "b c"\r\n', "quotes in a command in plain text aren't supported"],
  ])("%s ends it, without waiting for more", (_, bytes, message) => {
    for (const before of ["", "*1\r\n$4\r\nPING\r\n"]) {
      const parser = new RequestParser(limits);
      parser.push(Buffer.from(before + bytes));
      if (before !== "") expect(parser.next()?.map(latin1)).toEqual(["PING"]);
      expect(() => parser.next()).toThrow(new ProtocolError(message));
    }
  });

  test("any bytes are commands, wait for more, or are refused", () => {
    const anyByte = fc.oneof(fc.constantFrom(...Buffer.from("*$\r\n123-a ")), fc.nat(255));
    fc.assert(
      fc.property(fc.array(anyByte, { maxLength: 60 }), (bytes) => {
        try {
          for (const args of parsed([Uint8Array.from(bytes)])) expect(args).not.toEqual([]);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("what is announced is not held before it comes", () => {
    const parser = new RequestParser({
      ...limits,
      maxArgumentBytes: 2 ** 30,
      maxCommandBytes: 2 ** 31,
    });
    parser.push(Buffer.from("*100\r\n$1000000000\r\nabc"));
    expect(parser.next()).toBeUndefined();
    expect(parser.waitingBytes).toBeLessThan(30);
  });
});
