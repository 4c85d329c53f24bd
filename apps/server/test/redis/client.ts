// A client of the Redis protocol for tests: sends exactly the bytes it is given, and reads replies one
// by one, whatever they are.
import { connect } from "node:net";
import type { Socket } from "node:net";
import { onTestFinished } from "vitest";

/** An error is `{ error }`; nil is null; bytes are text in latin1; maps are objects. */
export type Reply =
  | string
  | number
  | null
  | { readonly error: string }
  | Reply[]
  | Map<Reply, Reply>;

export interface Client {
  readonly socket: Socket;
  /** Sends a command. */
  send(...args: readonly (string | Uint8Array)[]): void;
  /** The next reply that hasn't been read. @throws when the connection ends before it */
  reply(): Promise<Reply>;
  /** Sends a command and reads one reply. */
  ask(...args: readonly (string | Uint8Array)[]): Promise<Reply>;
  /** Resolves when the server has ended the connection. */
  readonly ended: Promise<void>;
}

export function encode(...args: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat([
    Buffer.from(`*${args.length}\r\n`),
    ...args.flatMap((arg) => {
      const bytes = Buffer.from(arg as Uint8Array);
      return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")];
    }),
  ]);
}

/** @param at `host:port` */
export function connectTo(at: string): Client {
  const [host = "", port = ""] = at.split(":");
  const socket = connect({ host, port: Number(port), noDelay: true });
  onTestFinished(() => void socket.destroy());
  let text = "";
  let pieces: string[] = [];
  let length = 0;
  /** So many characters have to be there before it is worth a look. */
  let needed = 1;
  let isEnded = false;
  const waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = [];
  const look = (): void => {
    for (let [first] = waiting; first && length >= needed; [first] = waiting) {
      if (pieces.length > 0) text += pieces.join("");
      pieces = [];
      const parsed = parseReply(text, 0);
      needed = typeof parsed === "number" ? parsed : 1;
      if (typeof parsed === "number") break;
      text = text.slice(parsed.end);
      length = text.length;
      waiting.shift();
      first.resolve(parsed.reply);
    }
    if (isEnded) for (const one of waiting.splice(0)) one.reject(new Error("connection ended"));
  };
  socket.on("data", (chunk: Buffer) => {
    pieces.push(chunk.toString("latin1"));
    length += chunk.length;
    look();
  });
  socket.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      isEnded = true;
      look();
      resolve();
    };
    socket.once("end", end);
    socket.once("close", end);
  });
  const client: Client = {
    socket,
    send: (...args) => void socket.write(encode(...args)),
    reply: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        look();
      }),
    ask(...args) {
      client.send(...args);
      return client.reply();
    },
    ended,
  };
  return client;
}

/** All in one write. */
export function sendAll(
  client: Client,
  commands: readonly (readonly (string | Uint8Array)[])[],
): void {
  client.socket.write(Buffer.concat(commands.map((args) => encode(...args))));
}

/** The next `count`. */
export async function replies(client: Client, count: number): Promise<Reply[]> {
  const all: Reply[] = [];
  while (all.length < count) all.push(await client.reply());
  return all;
}

interface Parsed {
  readonly reply: Reply;
  readonly end: number;
}

/** A number: it isn't whole, and can't be with fewer characters than this. */
function parseReply(text: string, at: number): Parsed | number {
  const lineEnd = text.indexOf("\r\n", at);
  if (lineEnd < 0) return text.length + 1;
  const line = text.slice(at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (text[at]) {
    case "+":
      return { reply: line, end };
    case "-":
      return { reply: { error: line }, end };
    case ":":
      return { reply: Number.isSafeInteger(Number(line)) ? Number(line) : line, end };
    case "_":
      return { reply: null, end };
    case "$": {
      const length = Number(line);
      if (length < 0) return { reply: null, end };
      const whole = end + length + 2;
      return text.length < whole ? whole : { reply: text.slice(end, end + length), end: whole };
    }
    case "*":
    case "~":
      return line === "-1" ? { reply: null, end } : parseItems(text, end, Number(line));
    case "%": {
      const items = parseItems(text, end, 2 * Number(line));
      if (typeof items === "number" || !Array.isArray(items.reply)) return items;
      const map = new Map<Reply, Reply>();
      for (let i = 0; i < items.reply.length; i += 2) {
        map.set(items.reply[i] ?? null, items.reply[i + 1] ?? null);
      }
      return { reply: map, end: items.end };
    }
    default:
      throw new Error(`no reply begins like ${JSON.stringify(text.slice(at, at + 20))}`);
  }
}

function parseItems(text: string, start: number, count: number): Parsed | number {
  const items: Reply[] = [];
  let at = start;
  while (items.length < count) {
    const item = parseReply(text, at);
    if (typeof item === "number") return item;
    items.push(item.reply);
    at = item.end;
  }
  return { reply: items, end: at };
}
