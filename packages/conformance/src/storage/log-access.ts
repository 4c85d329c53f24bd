// STORAGE-37 to 47: whose log it is, who may have it open, and what closing lets go of.
import type { StorageIdentity } from "@raftkit/core";
import { ensure } from "../expect.js";
import { show } from "../show.js";
import type { Case } from "../suite.js";
import { refusal, rejection, same, works } from "./check.js";
import {
  commands,
  contentAfterAll,
  found,
  identity,
  openLog,
  sameContent,
  vote,
  written,
} from "./log-helpers.js";
import type { Write } from "./log-helpers.js";
import { contentOf } from "./log-model.js";
import type { LogSubject } from "./medium.js";

const mixedUp =
  "Election Safety (Raft §5.2): the log of another cluster or server is other votes and other entries under this one's name";
const oneWriter =
  "Log Matching (Raft §5.3): two processes that append to one log make one that neither wrote";

function refuses(
  id: string,
  what: string,
  other: Partial<StorageIdentity>,
  rule: string,
): Case<LogSubject> {
  return {
    id,
    title: `The log of another ${what} is refused`,
    rule,
    requires: [],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      await (await openLog(medium)).log.close();
      const storage = medium.storage();
      await refusal(storage.open({ ...identity, ...other }), `opening the log of another ${what}`);
      await storage.close();
    },
  };
}

export const accessCases: readonly Case<LogSubject>[] = [
  refuses("STORAGE-37", "cluster", { clusterId: "green" }, mixedUp),
  refuses("STORAGE-38", "node", { nodeId: "n2" }, mixedUp),
  refuses(
    "STORAGE-39",
    "codec",
    { codec: "msgpack" },
    "State Machine Safety (Raft §5.4.3): entries that were written with one codec mean something else, or nothing, to another",
  ),
  {
    id: "STORAGE-40",
    title: "A refused opening changes nothing",
    rule: mixedUp,
    requires: ["STORAGE-04", "STORAGE-05", "STORAGE-09", "STORAGE-37", "STORAGE-38", "STORAGE-39"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const writes = [[vote(3, "n2"), commands(1, 1, "a", "b")]];
      const {
        log,
        opened: { incarnation },
      } = await openLog(medium);
      for (const operations of writes) await log.write(operations);
      await log.close();
      for (const other of [{ clusterId: "green" }, { nodeId: "n2" }, { codec: "msgpack" }]) {
        const storage = medium.storage();
        await rejection(storage.open({ ...identity, ...other }), "opening another's log");
        await storage.close();
      }
      const { opened } = await openLog(medium);
      sameContent(contentOf(opened), contentAfterAll(writes), "after refused openings");
      same(opened.incarnation, incarnation, "the incarnation after refused openings");
    },
  },
  {
    id: "STORAGE-41",
    title: "While one storage has the medium open, another one is refused",
    rule: oneWriter,
    requires: [],
    capabilities: ["exclusive"],
    async run(subject) {
      const medium = await subject.medium();
      await openLog(medium);
      await refusal(medium.storage().open(identity), "a second opening while the first one lasts");
    },
  },
  {
    id: "STORAGE-42",
    title: "Who was refused changes nothing; who has it open goes on",
    rule: oneWriter,
    requires: ["STORAGE-06", "STORAGE-41"],
    capabilities: ["exclusive", "persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const writes = [[commands(1, 1, "a")], [commands(2, 1, "b"), vote(2, "n1")]];
      const { log } = await openLog(medium);
      for (const operations of writes) {
        await rejection(medium.storage().open(identity), "a second opening");
        await log.write(operations);
      }
      await log.close();
      const { opened } = await openLog(medium);
      sameContent(contentOf(opened), contentAfterAll(writes), "after refused openings");
    },
  },
  {
    id: "STORAGE-43",
    title: "Closing twice is closing once, also after an opening that was refused, or none",
    rule: "Availability (Raft §5.5): a server that failed must be able to start again; whoever cleans up need not know how far things went",
    requires: [],
    capabilities: [],
    async run(subject) {
      const medium = await subject.medium();
      const { log } = await openLog(medium);
      await log.close();
      await works(log.close(), "closing a second time");
      await works(Promise.all([log.close(), log.close()]), "closing twice at once");
      await works((await subject.medium()).storage().close(), "closing without opening");
    },
  },
  {
    id: "STORAGE-44",
    title: "Closing waits for the write under way",
    rule: "Leader Completeness (Raft §5.4.3): who closes and opens anew must find what is acknowledged; a write that lands later meets another writer",
    requires: ["STORAGE-06"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const writes: Write[] = [];
      for (let opening = 1; opening <= 4; opening++) {
        const { log } = await openLog(medium);
        // What a storage does in the background ends meanwhile: closing must wait for the write.
        for (let i = 0; i < 20; i++) {
          writes.push([vote(opening, `n${i}`)]);
          await log.write(writes.at(-1) ?? []);
        }
        const operations = [commands(opening, 1, "a"), vote(opening, "n1")];
        let outcome = "has not ended";
        void log.write(operations).then(
          () => (outcome = "resolved"),
          (error: unknown) => (outcome = `was rejected with ${show(error)}`),
        );
        await log.close();
        for (let i = 0; i < 10; i++) await Promise.resolve(); // what is left to do is handing the outcome on
        ensure(
          outcome === "resolved",
          `the write was under way when close was called; when close resolved, it must have resolved, but it ${outcome}`,
        );
        writes.push(operations);
        sameContent(await found(medium), contentAfterAll(writes), "after closing during a write");
      }
    },
  },
  {
    id: "STORAGE-45",
    title: "Before opening and after closing writes are refused, and change nothing",
    rule: oneWriter,
    requires: ["STORAGE-06"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      await rejection(medium.storage().write([commands(1, 1, "a")]), "a write before opening");
      const log = await written(medium, [[commands(1, 1, "a")]]);
      await log.close();
      await rejection(log.write([commands(2, 1, "b")]), "a write after closing");
      sameContent(
        await found(medium),
        contentAfterAll([[commands(1, 1, "a")]]),
        "after refused writes",
      );
    },
  },
  {
    id: "STORAGE-46",
    title: "Closing releases every handle",
    rule: "Availability (Raft §5.5): a process that restarts its server again and again must not run out of handles",
    requires: [],
    capabilities: ["handles"],
    async run(subject) {
      const medium = await subject.medium();
      const before = await medium.openHandles();
      for (let i = 0; i < 2; i++) {
        const log = await written(
          medium,
          i === 0 ? [[commands(1, 1, "a")], [commands(2, 1, "b")]] : [],
        );
        await log.close();
        same(await medium.openHandles(), before, "open handles after closing");
      }
    },
  },
  {
    id: "STORAGE-47",
    title: "A refused opening holds nothing, and the next one gets in",
    rule: "Availability (Raft §5.5): a storage that refused to open must not keep the right server out",
    requires: ["STORAGE-37"],
    capabilities: ["handles", "persistent"],
    async run(subject) {
      const medium = await subject.medium();
      await (await openLog(medium)).log.close();
      const before = await medium.openHandles();
      await rejection(
        medium.storage().open({ ...identity, clusterId: "green" }),
        "opening another's log",
      );
      same(await medium.openHandles(), before, "open handles after a refused opening");
      await (await openLog(medium)).log.close();
    },
  },
];
