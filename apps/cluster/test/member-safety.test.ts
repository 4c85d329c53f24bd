// What keeps a majority's logs: `wipe` and its conditions, one command at a time, and commands that
// are repeated after an unknown end.
import { describe, expect, test } from "vitest";
import { done, isThere, membersIn, refusal, startWorld, voter } from "./support/member-world.js";
import type { World } from "./support/member-world.js";

describe("wipe", () => {
  test("kills, deletes and lets rejoin, until the new directory is a voter's", async () => {
    const world = await startWorld();
    const { commands, say, said, asked } = world;
    const { members } = world;
    const end = commands.wipe("n2", say);
    await expect.poll(() => asked, { timeout: 20_000 }).toHaveLength(2);
    world.members = members.filter((_, i) => i !== 1);
    await expect.poll(() => said, { timeout: 20_000 }).toHaveLength(3);
    world.members = [...world.members, { ...voter("n2", "new"), role: "learner" }];
    await expect.poll(() => said, { timeout: 20_000 }).toHaveLength(4);
    world.members = [...members.slice(0, 1), voter("n2", "new")];
    expect(await end).toBe("n2 is a voter again, with a new data directory");
    expect(asked).toEqual(["end n2 by SIGKILL", "start n2 (rejoins)"]);
    expect(said).toEqual([
      "n2 was killed and its data deleted",
      "n2 is running with an empty directory, and asks to rejoin",
      "n2 with its old directory has left",
      "n2 is a learner with its new directory",
    ]);
  });

  test.each<[string, (world: World) => void, string]>([
    [
      "of two voters",
      (world) => void (world.members = world.members.slice(0, 2)),
      "without n2, 1 of 2 voters certainly hold the log, and 2 must",
    ],
    [
      "with another one that doesn't answer",
      ({ says }) => void says.set("n3", null),
      "without n2, 1 of 3 voters certainly hold the log (n3 doesn't answer), and 2 must",
    ],
    [
      "with another one that was wiped before: its process answers, its disk has nothing",
      ({ says }) => void says.set("n3", { incarnation: "new" }),
      "(n3 is being taken back with another data directory), and 2 must",
    ],
    [
      "with another one that asks to be taken back",
      ({ says }) => void says.set("n1", { introductions: [{ id: "n3" }] }),
      "(n3 is being taken back with another data directory), and 2 must",
    ],
    [
      "while members are changed",
      ({ says }) => void says.set("n1", { configurationCommitted: false }),
      "the members are being changed (index 7); nothing was changed",
    ],
    [
      "that is no voter",
      (world) => void (world.members = [voter("n1"), voter("n3")]),
      "n2 isn't a voter, and only voters can rejoin",
    ],
  ])("touches nothing %s", async (_, change, words) => {
    const world = await startWorld();
    change(world);
    await expect(world.commands.wipe("n2", world.say)).rejects.toThrow(words);
    expect([world.asked, isThere(world, "n2")]).toEqual([[], true]);
  });

  test("waits until enough others have what is committed", async () => {
    const world = await startWorld();
    let looks = 0;
    world.says.set("n1", () => {
      if (++looks === 6) world.asked.push("n3 has caught up");
      const matchIndex = looks < 6 ? 8 : 9;
      return { peers: ["n2", "n3"].map((id) => ({ id, matchIndex, lastContactMs: 5 })) };
    });
    const end = world.commands.wipe("n2", world.say);
    await expect.poll(() => world.asked, { timeout: 20_000 }).toHaveLength(3);
    expect(world.asked.slice(0, 2)).toEqual(["n3 has caught up", "end n2 by SIGKILL"]);
    world.members = [voter("n1"), voter("n2", "new"), voter("n3")];
    expect(await end).toContain("n2 is a voter again");
  });

  test("after an unknown end continues where it was, and deletes nothing twice", async () => {
    const world = await startWorld();
    world.fails = "n2";
    await expect(world.commands.wipe("n2", world.say)).rejects.toThrow("n2 did not start");
    world.fails = undefined;
    world.asked.length = world.said.length = 0;
    // Another one in the meantime, from a new process.
    const commands = world.again();
    await expect(commands.wipe("n3", world.say)).rejects.toThrow(
      "it isn't known how an earlier command ended: wipe of n2; nothing was done: repeat that",
    );
    world.says.set("n2", { incarnation: "new" });
    world.members = [voter("n1"), voter("n2", "new"), voter("n3")];
    expect(await commands.wipe("n2", world.say)).toContain("n2 is a voter again");
    expect(world.asked).toEqual([]);
    expect(world.said[0]).toBe("continues the earlier wipe of n2");
    expect([isThere(world, "n2"), isThere(world, "n3")]).toEqual([true, true]);
  });
});

describe("two commands at once", () => {
  test("the second one is told what is under way, and does nothing", async () => {
    const world = await startWorld();
    const { commands, say } = world;
    const { members } = world;
    const first = commands.wipe("n2", say);
    await expect.poll(() => world.asked, { timeout: 20_000 }).toHaveLength(2);
    const under = "another command is under way: wipe n2";
    const others = [
      () => commands.add(say),
      () => commands.remove("n3", say),
      () => commands.replace("n3", say),
      () => commands.wipe("n3", say),
      () => commands.rollingRestart(say),
      () => commands.transfer("n3"),
    ];
    for (const other of others) {
      await expect(other()).rejects.toMatchObject({
        code: "IN_PROGRESS",
        message: expect.stringContaining(under) as string,
      });
    }
    world.members = [voter("n1"), voter("n2", "new"), ...members.slice(2)];
    await first;
    expect(world.asked).toEqual(["end n2 by SIGKILL", "start n2 (rejoins)"]);
    expect(isThere(world, "n3")).toBe(true);
    // It ends with the command, also with one that fails.
    world.answer = refusal(409, "stale");
    await expect(commands.remove("n3", say)).rejects.toThrow("because of stale");
    await expect(commands.remove("n3", say)).rejects.toThrow("because of stale");
  });
});

describe("after an unknown end", () => {
  const lost = refusal(504, "change_unknown");

  test("the same command finishes the first one: nothing is left behind", async () => {
    for (const restarted of [false, true]) {
      const world = await startWorld();
      world.answer = lost;
      await expect(world.commands.add(world.say)).rejects.toThrow("because of change_unknown");
      // The cluster starts the node again with the others.
      expect(membersIn(world.options)).toEqual([1, 2, 3, 4]);
      world.answer = done;
      const commands = restarted ? world.again() : world.commands;
      expect(await commands.add(world.say)).toContain("n4 is a voter");
      expect(world.said).toContain("continues the earlier add of n4");
      expect(world.asked.filter((what) => what.startsWith("start"))).toEqual(["start n4 (joins)"]);
      expect(await commands.add(world.say)).toContain("n5 is a voter");
    }
  });

  test("of replace, too, also where the old one has left already", async () => {
    const world = await startWorld();
    world.answer = lost;
    await expect(world.commands.replace("n2", world.say)).rejects.toThrow("change_unknown");
    await expect(world.commands.replace("n3", world.say)).rejects.toThrow(
      "earlier command ended: replace of n2 by n4; nothing was done: repeat that command to finish it, or remove n4 to undo it",
    );
    await expect(world.commands.add(world.say)).rejects.toThrow("replace of n2 by n4");
    world.answer = (change) => (change.includes("remove") ? refusal(404, "unknown_member") : done);
    world.members = world.members.filter(({ id }) => id !== "n2");
    expect(await world.commands.replace("n2", world.say)).toContain("n4 replaced n2");
    expect(world.asked.slice(-3)).toEqual([
      'change {"add":["n4"],"remove":["n2"]}',
      'change {"add":["n4"]}',
      "end n2 by SIGTERM",
    ]);
    expect(membersIn(world.options)).toEqual([1, 3, 4]);
  });

  test("it is cleaned up where it is refused then, or taken back by a removal", async () => {
    const world = await startWorld();
    const { commands, say } = world;
    world.answer = lost;
    await expect(commands.add(say)).rejects.toThrow("change_unknown");
    // The first one got as far as to make it a learner.
    world.members = [...world.members, { ...voter("n4"), role: "learner" }];
    world.answer = (change) => (change.includes("add") ? refusal(409, "not_caught_up") : done);
    await expect(commands.add(say)).rejects.toThrow(
      "because of not_caught_up; n4's process was stopped again, and its data deleted",
    );
    expect(world.asked.slice(-2)).toEqual(['change {"remove":["n4"]}', "end n4 by SIGTERM"]);
    expect([isThere(world, "n4"), membersIn(world.options)]).toEqual([false, [1, 2, 3]]);

    world.answer = lost;
    await expect(commands.add(say)).rejects.toThrow("change_unknown");
    world.answer = done;
    expect(await commands.remove("n4", say)).toContain("n4 left the cluster");
    expect(await commands.replace("n3", say)).toContain("n4 replaced n3");
  });

  test("a node that may be a member keeps its data", async () => {
    const world = await startWorld();
    const { commands, say } = world;
    world.answer = lost;
    await expect(commands.add(say)).rejects.toThrow("change_unknown");
    world.members = [...world.members, voter("n4")];
    world.answer = refusal(409, "stale");
    await expect(commands.add(say)).rejects.toThrow(
      "because of stale; n4 may be a member, so it continues to run (n1 lists it as a voter): repeat",
    );
    expect([isThere(world, "n4"), membersIn(world.options)]).toEqual([true, [1, 2, 3, 4]]);
  });
});
