// What is refused before anything is sent: options, addresses and names that can't be used.
import { describe, expect, test } from "vitest";
import { createHttpTransport } from "../src/index.js";
import { createNetwork, localNode } from "./support.js";

describe("options", () => {
  test("are checked, and the message says what is allowed", () => {
    const make = (options: Parameters<typeof createHttpTransport>[0]) => () =>
      createHttpTransport(options);
    expect(make({ maxFrameBytes: 0 })).toThrow(
      "maxFrameBytes is 0; give a whole number from 1 to 1073741824",
    );
    expect(make({ requestTimeoutMs: 0.5 })).toThrow(
      "requestTimeoutMs is 0.5; give a whole number from 1 to 600000",
    );
    expect(make({ maxFrameBytes: 10, maxQueueBytes: 9 })).toThrow(
      "maxQueueBytes is 9; give a whole number from 10 to 9007199254740991",
    );
    const misspelt = Object.fromEntries([["maxFrameByte", 5]]);
    expect(make(misspelt)).toThrow(
      "createHttpTransport: option maxFrameByte: there is no such option; did you mean maxFrameBytes?",
    );
    const mistyped = JSON.parse('{"fetch":"fetch"}') as object;
    expect(make(mistyped)).toThrow(
      'createHttpTransport: option fetch: given a string "fetch"; allowed: a function',
    );
    expect(createHttpTransport().maxFrameBytes).toBe(8 * 1024 * 1024);
    expect(make({ maxFrameBytes: 100 * 1024 * 1024 })).not.toThrow();
  });
});

describe("start", () => {
  test("refuses an address or a name that can't be used, and a second start", async () => {
    const network = createNetwork();
    await expect(network.node("n1", { address: "127.0.0.1:7101" })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: `the address of n1 is "127.0.0.1:7101"; give the http or https URL where its handler is mounted, such as http://127.0.0.1:7101/raft`,
    });
    await expect(network.node("n1", { clusterId: "two words" })).rejects.toMatchObject({
      code: "INVALID_OPTION",
    });
    const { transport } = await network.node("n1");
    const handler = {
      receive: () => undefined,
      met: () => undefined,
      unreachable: () => undefined,
      rejected: () => undefined,
    };
    await expect(transport.start(localNode("n1"), handler)).rejects.toMatchObject({
      code: "ALREADY_STARTED",
    });
  });
});
