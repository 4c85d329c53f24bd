// Data of a build whose commands were others: refused with what to do, and left as it is. Replayed,
// every command would be invalid, and the state silently empty.
import { expect, test } from "vitest";
import { createMsgpackCodec } from "@raftkit/codec-msgpack";
import { encodeRun, EntryKind } from "@raftkit/core";
import { createFileLog } from "@raftkit/storage-file";
import { startServer } from "../src/server.js";
import { recordingLogger } from "./fixture.js";
import { freePorts, temporaryDirectory } from "./process.js";
import { settingsFor } from "./start.js";

test("a log of bare key-value commands isn't opened, and stays as it is", async () => {
  const directory = temporaryDirectory();
  const [port] = await freePorts(1);
  const settings = settingsFor("--id=n1", `--peers=n1=127.0.0.1:${port}`, `--data=${directory}`);
  const identity = { clusterId: settings.clusterId, nodeId: "n1", codec: "msgpack" };
  const put = createMsgpackCodec().encode(["put", "key", Uint8Array.of(1)]);
  const before = createFileLog({ directory });
  await before.open(identity);
  await before.write([{ type: "append", run: encodeRun(1, 1, EntryKind.command, [put]) }]);
  await before.close();

  await expect(startServer({ settings, logger: recordingLogger() })).rejects.toMatchObject({
    code: "WRONG_IDENTITY",
    message: expect.stringMatching(
      /was created for codec "msgpack", but it was opened for codec "msgpack\+sessions-1\+kv-1".*commandFormat: what another build wrote needs that build/,
    ),
  });

  const after = createFileLog({ directory });
  expect((await after.open(identity)).entries).toHaveLength(1);
  await after.close();
});
