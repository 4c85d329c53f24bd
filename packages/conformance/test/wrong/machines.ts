// State machines that are wrong in one way each, as a colleague might write them, and the case that
// names this way.
import type { MachineSubject } from "../../src/machine/subject.js";
import {
  answerRight,
  applyRight,
  chunksOf,
  emptyState,
  linesOf,
  stateOf,
  textOf,
} from "../machine/toy.js";
import type { State } from "../machine/toy.js";
import type { Wrong } from "../support/caught.js";
import { wrongMachine } from "../support/wrong-machine.js";

const notTheSame: readonly Wrong<MachineSubject>[] = [
  wrongMachine("MACHINE-01", "an error for what is no error", /nothing to clear/, () => ({
    apply: (state, command, context) => {
      if (command.op === "clear" && !state.lists.has(command.key)) {
        throw new Error("nothing to clear");
      }
      return applyRight(state, command, context);
    },
  })),
  wrongMachine(
    "MACHINE-01",
    "commands that change nothing",
    /change the answer to some query/,
    () => ({
      apply: () => ({ previous: null, writes: 0 }),
    }),
  ),
  wrongMachine(
    "MACHINE-02",
    "a counter that instances share",
    /the result of command 1 of 300/,
    () => {
      let writes = 0;
      return {
        apply: (state, command, context) => ({
          ...applyRight(state, command, context),
          writes: ++writes,
        }),
      };
    },
  ),
  wrongMachine(
    "MACHINE-02",
    "lists that instances share",
    /a second machine|a fresh machine/,
    () => {
      const shared = new Map<string, number[]>();
      return {
        apply: (state, command, context) => {
          state.lists = shared;
          return applyRight(state, command, context);
        },
      };
    },
  ),
  wrongMachine("MACHINE-03", "one entry that expires by the clock", /at another time/, () => ({
    apply: (state, command, context) => {
      const result = applyRight(state, command, context);
      if (command.key === "a" && Date.now() > Date.UTC(2020, 0)) state.lists.delete(command.key);
      return result;
    },
  })),
  wrongMachine("MACHINE-03", "a time of writing", /at another time/, () => ({
    apply: (state, command, context) => {
      const result = applyRight(state, command, context);
      if (command.op === "set") {
        state.lists.set(command.key, [...command.items, new Date().getFullYear()]);
      }
      return result;
    },
  })),
  wrongMachine(
    "MACHINE-04",
    "an item that is thrown out at random",
    /other random numbers/,
    () => ({
      apply: (state, command, context) => {
        const result = applyRight(state, command, context);
        const list = state.lists.get(command.key);
        if (list !== undefined && list.length > 10) {
          state.lists.set(command.key, list.toSpliced(Math.floor(Math.random() * list.length), 1));
        }
        return result;
      },
    }),
  ),
  wrongMachine("MACHINE-04", "an id of its own making", /other random numbers/, () => ({
    apply: (state, command, context) => {
      const result = applyRight(state, command, context);
      if (command.op === "set") {
        state.lists.set(command.key, [parseInt(crypto.randomUUID().slice(0, 6), 16)]);
      }
      return result;
    },
  })),
  wrongMachine(
    "MACHINE-05",
    "a query that marks what was used last",
    /asked between commands/,
    () => ({
      answer: (state, query) => {
        const list = query === "all" ? undefined : state.lists.get(query.key);
        if (query !== "all" && list !== undefined) {
          state.lists.delete(query.key);
          state.lists.set(query.key, list);
        }
        return answerRight(state, query);
      },
    }),
  ),
  wrongMachine(
    "MACHINE-06",
    "items sorted in the command",
    /command \d+, after it was applied/,
    () => ({
      apply: (state, command, context) => {
        command.items.sort((a, b) => a - b);
        return applyRight(state, command, context);
      },
    }),
  ),
  wrongMachine("MACHINE-07", "answers that are the state itself", /at the end/, () => ({
    apply: (state, command, context) => {
      const list = state.lists.get(command.key);
      if (command.op !== "append" || list === undefined) return applyRight(state, command, context);
      state.index = context.index;
      const previous = [...list];
      list.push(...command.items);
      return { previous, writes: ++state.writes };
    },
    snapshot: (state) => chunksOf(linesOf(state)),
  })),
];

const notTheWhole: readonly Wrong<MachineSubject>[] = [
  wrongMachine(
    "MACHINE-08",
    "empty lists that are left out of snapshots",
    /a copy of the state/,
    () => ({
      snapshot: (state) =>
        chunksOf(
          linesOf({
            ...state,
            lists: new Map([...state.lists].filter(([, list]) => list.length > 0)),
          }),
        ),
    }),
  ),
  wrongMachine(
    "MACHINE-09",
    "a counter that is left out of snapshots",
    /a machine that was restored/,
    () => ({ snapshot: (state) => chunksOf(linesOf({ ...state, writes: 0 })) }),
  ),
  wrongMachine("MACHINE-10", "restore into what is there", /another state before/, () => ({
    restore: async (state, source) => {
      const { lists, ...rest } = stateOf(await textOf(source));
      Object.assign(state, rest);
      for (const [key, list] of lists) state.lists.set(key, list);
    },
  })),
  wrongMachine(
    "MACHINE-11",
    "a generator that looks at the state when it is first read",
    /read later/,
    () => ({
      snapshot: async function* (state) {
        yield* chunksOf(linesOf(state));
      },
    }),
  ),
  wrongMachine(
    "MACHINE-11",
    "a capture that shares its lists with the state",
    /read later/,
    () => ({
      apply: (state, command, context) => {
        const list = state.lists.get(command.key);
        if (command.op !== "append" || list === undefined) {
          return applyRight(state, command, context);
        }
        state.index = context.index;
        const previous = [...list];
        list.push(...command.items);
        return { previous, writes: ++state.writes };
      },
      answer: (state, query) => structuredClone(answerRight(state, query)),
      snapshot: (state) => {
        const captured = { ...state, lists: new Map(state.lists) };
        return (async function* () {
          yield* chunksOf(linesOf(captured));
        })();
      },
    }),
  ),
  wrongMachine(
    "MACHINE-12",
    "a capture that is given up with the first read",
    /during which commands were applied/,
    () => {
      let captured = new Set<State>();
      return {
        apply: (state, command, context) => {
          if (captured.has(state)) state.lists = new Map(state.lists); // copied, since a snapshot still needs it
          captured.delete(state);
          return applyRight(state, command, context);
        },
        snapshot: (state) => {
          captured.add(state);
          const { lists, writes, index } = state;
          const count = lists.size;
          return (async function* () {
            captured = new Set();
            const keys = [...lists.keys()];
            for (const key of keys) {
              yield* chunksOf([`${JSON.stringify([key, lists.get(key) ?? []])}\n`]);
            }
            yield* chunksOf([`${JSON.stringify({ version: 1, count, writes, index })}\n`]);
          })();
        },
      };
    },
  ),
  wrongMachine("MACHINE-13", "a snapshot that tidies up", /of which snapshots are taken/, () => ({
    snapshot: (state) => {
      for (const [key, list] of state.lists) if (list.length === 0) state.lists.delete(key);
      return chunksOf(linesOf(state));
    },
  })),
  wrongMachine("MACHINE-14", "room for one snapshot only", /snapshot 1 of two/, () => {
    const slots = new WeakMap<State, readonly string[]>();
    return {
      snapshot: (state) => {
        slots.set(state, linesOf(state));
        return (async function* () {
          yield* chunksOf(slots.get(state) ?? []);
        })();
      },
    };
  }),
  wrongMachine("MACHINE-15", "one buffer for all chunks", /after the others were read/, () => ({
    snapshot: (state) => {
      const lines = linesOf(state);
      return (async function* () {
        const buffer = new Uint8Array(4096);
        for await (const chunk of chunksOf(lines)) {
          buffer.set(chunk);
          yield buffer.subarray(0, chunk.length);
        }
      })();
    },
  })),
];

const notRestored: readonly Wrong<MachineSubject>[] = [
  wrongMachine("MACHINE-16", "a chunk that is taken for the whole", /in pieces of/, () => ({
    snapshot: (state) => chunksOf([linesOf(state).join("")]),
    restore: async (state, source) => {
      let text = "";
      for await (const chunk of source) text = new TextDecoder().decode(chunk);
      Object.assign(state, stateOf(text));
    },
  })),
  wrongMachine("MACHINE-17", "chunks that are kept until the end", /read into one buffer/, () => ({
    restore: async (state, source) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of source) chunks.push(chunk);
      Object.assign(state, stateOf(Buffer.concat(chunks).toString()));
    },
  })),
  wrongMachine(
    "MACHINE-18",
    "a source's error that is swallowed",
    /restore rejects when its source fails/,
    () => ({
      restore: async (state, source) => {
        let text = "";
        try {
          for await (const chunk of source) text += new TextDecoder().decode(chunk);
        } catch {
          // what came will do
        }
        Object.assign(state, text === "" ? emptyState() : stateOf(text));
      },
    }),
  ),
  wrongMachine(
    "MACHINE-19",
    "a cut snapshot that is taken as far as it goes",
    /restore refuses the first/,
    () => ({
      restore: async (state, source) => {
        const lines = (await textOf(source)).split("\n").slice(0, -1);
        const end =
          lines.at(-1)?.startsWith("{") === true ? (JSON.parse(lines.pop() ?? "") as object) : {};
        Object.assign(state, {
          ...emptyState(),
          ...end,
          lists: new Map(lines.map((line) => JSON.parse(line) as [string, number[]])),
        });
      },
    }),
  ),
  wrongMachine(
    "MACHINE-20",
    "a state that is emptied first",
    /after a restore whose source failed/,
    () => ({
      restore: async (state, source) => {
        state.lists = new Map();
        Object.assign(state, stateOf(await textOf(source)));
      },
    }),
  ),
  wrongMachine("MACHINE-21", "a snapshot that tells when it was taken", /a second snapshot/, () => {
    let taken = 0;
    return {
      snapshot: (state) =>
        chunksOf(linesOf(state).map((line) => line.replace(/^\{/, `{"taken":${++taken},`))),
    };
  }),
  wrongMachine(
    "MACHINE-22",
    "commands counted in place of indexes",
    /open\(\) after the machine was closed/,
    () => ({ opened: ({ writes }) => writes }),
  ),
  wrongMachine(
    "MACHINE-29",
    "the last command's index in place of the snapshot's",
    /open\(\) after a restore/,
    () => ({
      restore: async (state, source) => {
        Object.assign(state, stateOf(await textOf(source)));
      },
    }),
  ),
];

export const wrongMachines: readonly Wrong<MachineSubject>[] = [
  ...notTheSame,
  ...notTheWhole,
  ...notRestored,
];
