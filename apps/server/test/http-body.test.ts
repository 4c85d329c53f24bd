// Reading a request's body: what a request that ends well must not cost, and what ends early.
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { createBodyReader } from "../src/http/body.js";
import { defaultLimits } from "../src/http/limits.js";

interface Reading {
  readonly request: IncomingMessage;
  readonly body: Promise<Buffer>;
  /** How many listened when it closed. */
  readonly closed: Promise<number>;
}

function reading(bodies = createBodyReader(defaultLimits)): Reading {
  const request = new IncomingMessage(new Socket());
  request.headers["content-length"] = "8";
  const closed = new Promise<number>((resolve) => {
    request.once("close", () => resolve(request.listenerCount("close")));
  });
  const ignored = (): void => undefined;
  const body = bodies.read(request, 100, ignored, ignored);
  return { request, body, closed };
}

test("a body that came whole makes no error when its request closes, as every one does", async () => {
  const { request, body, closed } = reading();
  request.push("blue");
  request.push("gray");
  request.push(null);
  expect(await closed).toBe(0);
  expect(String(await body)).toBe("bluegray");
});

test("a body that has come as a whole is taken at once, and its request ends", async () => {
  const request = new IncomingMessage(new Socket());
  request.headers["content-length"] = "8";
  const releases: (() => void)[] = [];
  const bodies = createBodyReader({
    ...defaultLimits,
    maxBodiesBytes: 8,
    smallBodiesShareBytes: 0,
  });
  const take = (): Buffer | undefined =>
    bodies.takeWhole(request, 100, (release) => void releases.push(release));
  request.push("blue");
  expect([take(), releases.length]).toEqual([undefined, 0]);
  expect(() => bodies.takeWhole(request, 7, () => undefined)).toThrow(/larger than 7 bytes/);
  request.push("gray");
  expect([String(take()), releases.length]).toEqual(["bluegray", 1]);
  const closed = new Promise((resolve) => void request.once("close", resolve));
  request.push(null);
  await closed;
  const another = reading(bodies);
  await expect(another.body).rejects.toMatchObject({ code: "overloaded" });
  for (const release of releases) release();
  const last = reading(bodies);
  last.request.push("redbrown");
  last.request.push(null);
  expect(String(await last.body)).toBe("redbrown");
});

test("a request whose client went away has no body to take", () => {
  const request = new IncomingMessage(new Socket());
  request.headers["content-length"] = "4";
  request.push("blue");
  request.destroy();
  const bodies = createBodyReader(defaultLimits);
  expect(bodies.takeWhole(request, 100, () => undefined)).toBeUndefined();
});

test("a request that closes before its body's end is refused", async () => {
  const { request, body, closed } = reading();
  request.push("blue");
  request.destroy();
  expect(await closed).toBe(1);
  await expect(body).rejects.toMatchObject({ code: "incomplete_body" });
});
