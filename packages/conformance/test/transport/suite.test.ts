// The suite for transports is right: a right transport passes it, and what a target lacks is not
// blamed on its adapter.
import { expect, test } from "vitest";
import { formatReport } from "../../src/report.js";
import { runSuite } from "../../src/run.js";
import { transportSuite } from "../../src/transport/suite.js";
import type { TransportSubject } from "../../src/transport/subject.js";
import { toy } from "./targets.js";
import { createToyTransport } from "./toy.js";
import { wrapped } from "./wrapping.js";

const good = (): void => undefined;

test("the toy transport passes", { timeout: 60_000 }, async () => {
  const results = await runSuite(transportSuite, toy("toy"));
  expect(
    results.every(({ outcome }) => outcome === "passed"),
    formatReport(results),
  ).toBe(true);
});

test("frames needn't be on the line as they are: WebSockets mask them", async () => {
  const mask = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x5a);
  const masking = wrapped("masks its frames", (inner) => ({
    send: (to, parts) => inner.send(to, parts.map(mask)),
    start: (local, handler) =>
      inner.start(local, {
        ...handler,
        receive: (from, frame) => handler.receive(from, mask(frame)),
      }),
  }));
  const results = await runSuite(transportSuite, masking, { only: "TRANSPORT-56" });
  expect(
    results.every(({ outcome }) => outcome === "passed"),
    formatReport(results),
  ).toBe(true);
});

test.each([undefined, null, {}, { start: good, send: good }])(
  "a target whose transport() gives %j is told what is missing",
  async (given) => {
    const target = {
      ...toy("gives no transport"),
      create: () => ({ address: () => "127.0.0.1:1", transport: () => given as never }),
    };
    const [result] = await runSuite(transportSuite, target, { only: "TRANSPORT-01" });
    expect(result).toMatchObject({
      outcome: "failed",
      error: {
        code: "CONFORMANCE_SUBJECT",
        message: expect.stringMatching(
          /^the target's transport\(\) gave .*, which has no (start|setPeers)\(\); /,
        ),
      },
    });
  },
);

test.each([
  ["TRANSPORT-37", 'the target declares "queue", but what it creates has no maxQueueBytes'],
  ["TRANSPORT-38", 'the target declares "stall", but what it creates has no links.stall'],
  ["TRANSPORT-41", 'the target declares "cut", but what it creates has no links.cut'],
  ["TRANSPORT-42", 'the target declares "stream", but what it creates has no links.disturb'],
])("%s tells what a target lacks, and doesn't blame its adapter", async (id, message) => {
  const subject: TransportSubject = {
    address: () => Promise.reject(new Error("nothing is asked of it")),
    transport: () => createToyTransport(),
  };
  await expect(
    transportSuite
      .find((one) => one.id === id)
      ?.run(
        subject,
        () => Promise.resolve(subject),
        () => undefined,
      ),
  ).rejects.toThrow(message);
});
