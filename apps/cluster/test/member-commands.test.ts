// What `add`, `remove` and `replace` do to processes and directories, by what a node answers.
import { describe, expect, test } from "vitest";
import { done, isThere, membersIn, refusal, startWorld, voter } from "./support/member-world.js";

describe("add", () => {
  test("starts a process, asks for the change, and remembers the node", async () => {
    const world = await startWorld();
    const { commands, asked, options, say, said } = world;
    world.answer = {
      status: 200,
      lines: [
        { progress: { step: "joint", index: 8 } },
        { progress: { step: "new" } },
        ...done.lines,
      ],
    };
    expect(await commands.add(say)).toBe(`n4 is a voter: http://127.0.0.1:${options.httpBase + 4}`);
    expect(asked).toEqual(["start n4 (joins)", 'change {"add":["n4"]}']);
    expect(said).toEqual([
      "n4 is running, and asks to be added",
      "the old and the new voters decide together (index 8)",
    ]);
    expect(membersIn(options)).toEqual([1, 2, 3, 4]);
  });

  test("refused, at once or half-way, it leaves neither process nor data", async () => {
    const half = [{ progress: { step: "joint", index: 8 } }, ...refusal(200, "stale").lines];
    for (const answer of [refusal(409, "stale"), { status: 200, lines: half }]) {
      const world = await startWorld();
      world.answer = answer;
      await expect(world.commands.add(world.say)).rejects.toThrow(
        "because of stale; n4's process was stopped again, and its data deleted",
      );
      expect(world.asked.at(-1)).toBe("end n4 by SIGTERM");
      expect([isThere(world, "n4"), membersIn(world.options)]).toEqual([false, [1, 2, 3]]);
    }
  });

  test("not known to be refused, it leaves both: they may be a member's", async () => {
    for (const answer of [refusal(504, "change_unknown"), { status: 200, lines: [] }]) {
      const world = await startWorld();
      world.answer = answer;
      await expect(world.commands.add(world.say)).rejects.toThrow(
        answer.status === 504 ? "because of change_unknown" : /may still happen; check with status/,
      );
      expect(world.asked.filter((what) => what.startsWith("end"))).toEqual([]);
      expect(isThere(world, "n4")).toBe(true);
    }
  });

  test("a process that doesn't start leaves nothing, and asks for nothing", async () => {
    const world = await startWorld();
    world.fails = "n4";
    await expect(world.commands.add(world.say)).rejects.toThrow("n4 did not start; n4's process");
    expect([world.asked, isThere(world, "n4")]).toEqual([["start n4 (joins)"], false]);
  });

  test("numbers of added nodes end at 9, and are used again", async () => {
    const world = await startWorld();
    const { commands, say } = world;
    for (let number = 4; number <= 9; number++) await commands.add(say);
    await expect(commands.add(say)).rejects.toThrow(
      "no number is left for another node: added nodes have numbers from 4 to 9; remove one of them",
    );
    await commands.remove("n6", say);
    expect(await commands.add(say)).toContain("n6 is a voter");
  });
});

describe("remove and replace", () => {
  test("end the process, and delete its data, only once it has left", async () => {
    const world = await startWorld();
    expect(await world.commands.remove("n2", world.say)).toContain("n2 left the cluster");
    expect(world.asked).toEqual(['change {"remove":["n2"]}', "end n2 by SIGTERM"]);
    expect([isThere(world, "n2"), membersIn(world.options)]).toEqual([false, [1, 3]]);
    world.answer = refusal(409, "unreachable");
    await expect(world.commands.remove("n3", world.say)).rejects.toThrow("because of unreachable");
    expect([isThere(world, "n3"), membersIn(world.options)]).toEqual([true, [1, 3]]);
  });

  test("whoever has left before, is only ended", async () => {
    const world = await startWorld();
    world.answer = refusal(404, "unknown_member");
    world.members = [voter("n1"), voter("n3")];
    expect(await world.commands.remove("n2", world.say)).toContain("n2 left the cluster");
    expect(world.said).toEqual(["n2 isn't a member any more"]);
    expect(isThere(world, "n2")).toBe(false);
  });

  test("whoever is a member still keeps its process and its data, whatever a node answered", async () => {
    const world = await startWorld();
    // It is behind, and knows nothing of n2.
    world.answer = (change) => (change.includes("remove") ? refusal(404, "unknown_member") : done);
    const still = "n2 is a member still, so its process and its data stay: repeat the command";
    await expect(world.commands.remove("n2", world.say)).rejects.toThrow(still);
    await expect(world.commands.replace("n2", world.say)).rejects.toThrow(still);
    expect([isThere(world, "n2"), membersIn(world.options)]).toEqual([true, [1, 2, 3, 4]]);
    world.answer = done;
    expect(await world.commands.replace("n2", world.say)).toContain("n4 replaced n2");
    expect([isThere(world, "n2"), membersIn(world.options)]).toEqual([false, [1, 3, 4]]);
  });

  test("one change for both: nobody is without a node meanwhile", async () => {
    const world = await startWorld();
    expect(await world.commands.replace("n3", world.say)).toContain("n4 replaced n3");
    expect(world.asked).toEqual([
      "start n4 (joins)",
      'change {"add":["n4"],"remove":["n3"]}',
      "end n3 by SIGTERM",
    ]);
    expect(["n3", "n4"].map((id) => isThere(world, id))).toEqual([false, true]);
    expect(membersIn(world.options)).toEqual([1, 2, 4]);
    // The last one that answers can't be asked to remove itself by another.
    world.answer = refusal(409, "stale");
    await expect(world.commands.replace("n2", world.say)).rejects.toThrow("because of stale; n5's");
    expect(["n2", "n5"].map((id) => isThere(world, id))).toEqual([true, false]);
  });
});
