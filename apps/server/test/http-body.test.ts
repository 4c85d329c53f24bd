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

function reading(): Reading {
  const request = new IncomingMessage(new Socket());
  request.headers["content-length"] = "8";
  const closed = new Promise<number>((resolve) => {
    request.once("close", () => resolve(request.listenerCount("close")));
  });
  const ignored = (): void => undefined;
  const body = createBodyReader(defaultLimits).read(request, 100, ignored, ignored);
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

test("a request that closes before its body's end is refused", async () => {
  const { request, body, closed } = reading();
  request.push("blue");
  request.destroy();
  expect(await closed).toBe(1);
  await expect(body).rejects.toMatchObject({ code: "incomplete_body" });
});
