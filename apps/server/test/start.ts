// A server in this process around a node that says what the test tells it.
import { onTestFinished } from "vitest";
import { parseOptions } from "../src/cli/parse.js";
import type { Settings } from "../src/cli/parse.js";
import { startServer } from "../src/server.js";
import type { RunningServer } from "../src/server.js";
import { fakeNode } from "./fake-node.js";
import type { FakeNode } from "./fake-node.js";
import { recordingLogger } from "./fixture.js";

export function settingsFor(...args: string[]): Settings {
  const settings = parseOptions(args, { RAFTKIT_HTTP: "127.0.0.1:0", RAFTKIT_ALONE: "true" });
  if (typeof settings === "string") throw new Error("unreachable");
  return settings;
}

export async function start(
  node: FakeNode = fakeNode(),
): Promise<{ server: RunningServer; http: string; node: FakeNode }> {
  const server = await startServer({
    settings: settingsFor("--http-peers=n2=127.0.0.1:8102"),
    logger: recordingLogger(),
    open: () => Promise.resolve(node),
  });
  onTestFinished(() => server.close());
  return { server, http: server.http, node };
}
