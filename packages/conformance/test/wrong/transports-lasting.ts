// Transports that reach too far or last too long: frames credited to the wrong node, who is cut off
// for whom, pauses without a bound, bounds that all share, things left behind, words of strangers.
import type { LocalNode, NodeId, Peer, Sender, Transport } from "@raftkit/core";
import type { TransportSubject } from "../../src/transport/subject.js";
import type { Wrong } from "../support/caught.js";
import { toy, toyTarget, waitedFor } from "../transport/targets.js";
import { LIMITS } from "../transport/toy.js";
import type { Ways } from "../transport/toy.js";
import { parseHello, rightWays } from "../transport/toy-ways.js";
import { wrapped, wrapToy } from "../transport/wrapping.js";

function wrong(
  caughtBy: string,
  name: string,
  message: RegExp,
  ways: Partial<Ways>,
): Wrong<TransportSubject> {
  return { caughtBy, message, target: toy(name, ways) };
}

const isName = (one: Sender, other: Sender): boolean => one.id === other.id;
const isDirectory = (one: Sender, other: Sender): boolean =>
  one.id === other.id && one.incarnation === other.incarnation;

/** Memory for what was announced, for as long as the toy lives. */
function reserving(): (bytes: number) => void {
  const reserved: Uint8Array[] = [];
  return (bytes) => void reserved.push(new Uint8Array(bytes));
}

/** Reads JSON wherever somebody says some, before anything is checked. */
function readsFirst(read: (said: { readonly hello?: { readonly id?: string } }) => unknown) {
  return (chunk: Buffer): void => {
    const [line = ""] = chunk.toString("latin1").split("\n");
    let said: unknown;
    try {
      said = JSON.parse(line);
    } catch {
      return;
    }
    read(said as { readonly hello?: { readonly id?: string } });
  };
}

/** A timer from the third start in this process on. */
function leaky(): () => Transport {
  let starts = 0;
  return () =>
    wrapToy((inner) => ({
      start(local, handler) {
        if (++starts > 3) {
          const timer = setInterval(() => undefined, 1000);
          setTimeout(() => {
            clearInterval(timer);
          }, 20_000).unref();
        }
        return inner.start(local, handler);
      },
    }));
}

/** Says of peers that weren't there when it closed that they aren't, a little later. */
function tellsLate(inner: Transport): Partial<Transport> {
  const missing = new Set<NodeId>();
  let tell: (to: NodeId) => void = () => undefined;
  let listed: readonly Peer[] = [];
  return {
    start(local, handler) {
      tell = (to) => {
        handler.unreachable(to);
      };
      return inner.start(local, handler);
    },
    setPeers(peers, seeds) {
      listed = peers;
      inner.setPeers(peers, seeds);
    },
    send(to, parts) {
      const sent = inner.send(to, parts);
      if (sent) missing.delete(to);
      else if (listed.some(({ id }) => id === to)) missing.add(to);
      return sent;
    },
    async close() {
      await inner.close();
      setTimeout(() => {
        for (const to of missing) tell(to);
      }, 15);
    },
  };
}

export const wrongLasting: readonly Wrong<TransportSubject>[] = [
  wrong("TRANSPORT-48", "credits frames to whom it dialled", /credited to n2/, {
    credited: (introduced, dialled) => ({ ...introduced, id: dialled ?? introduced.id }),
  }),
  wrong(
    "TRANSPORT-48",
    "credits what is new of a peer to the run that it dialled",
    /credited to n2/,
    {
      credited: (introduced, dialled) =>
        dialled === undefined || dialled === introduced.id
          ? introduced
          : { id: dialled, incarnation: "as-listed", run: 1 },
    },
  ),
  wrong("TRANSPORT-49", "cuts off by id", /after an earlier run of it was cut off, n1 was told/, {
    isCutOff: isName,
  }),
  wrong(
    "TRANSPORT-49",
    "cuts off by id and data directory",
    /after an earlier run of it was cut off, n1 was told/,
    { isCutOff: isDirectory },
  ),
  wrong(
    "TRANSPORT-49",
    "keeps later runs out, too, and for ever",
    /arrived at n2|cut off, n1 was told/,
    {
      isKeptOut: (who, disconnected) =>
        isDirectory(who, disconnected) && who.run > disconnected.run,
      keepsOutMs: Infinity,
    },
  ),
  {
    // Namesakes cut each other off in TRANSPORT-18, too, where each is heard in the end.
    target: waitedFor(
      toy("lets a namesake take the connection's place", {
        replaces: (comes, known) =>
          comes.id === known.id && comes.incarnation !== known.incarnation,
      }),
      10_000,
    ),
    caughtBy: "TRANSPORT-50",
    message: /after a namesake had come/,
  },
  wrong("TRANSPORT-51", "doubles its pauses for ever", /was away for \d+ ms, was reached again/, {
    redialMs: (failures) => 15 * 2 ** failures,
  }),
  wrong("TRANSPORT-51", "gives up after a while", /was away for \d+ ms, was reached again/, {
    redialMs: (failures) => (failures < 20 ? 15 : 60_000),
  }),
  wrong(
    "TRANSPORT-52",
    "has one bound for all peers",
    /send refused a frame of 200000 bytes for n3/,
    {
      hasRoom: (waiting, frame, all) =>
        waiting + frame <= LIMITS.maxQueueBytes && all + frame <= LIMITS.maxQueueBytes + 50_000,
    },
  ),
  {
    target: toyTarget("leaves a timer behind from the third start on", leaky),
    caughtBy: "TRANSPORT-53",
    message: /after 5 restarts .* handles are left: .*Timeout/,
  },
  {
    target: wrapped("tells after close who couldn't be reached", tellsLate),
    caughtBy: "TRANSPORT-54",
    message: /after close resolved the handler was called when a connection ended/,
  },
  wrong("TRANSPORT-55", "reads a member of null", /outside of every promise: Cannot/, {
    firstBytes: readsFirst((said) =>
      "hello" in Object(said) && said.hello?.id?.length === 0 ? 1 : said.hello,
    ),
  }),
  wrong(
    "TRANSPORT-55",
    "takes an object for granted",
    /outside of every promise: Cannot (?:read|destructure)/,
    {
      firstBytes: readsFirst(({ hello }) => (hello === undefined ? 0 : hello.id)),
    },
  ),
  wrong("TRANSPORT-56", "reserves what is announced", /strangers who announced \d+ bytes/, {
    announced: reserving(),
    pieceBytes: LIMITS.maxFrameBytes,
  }),
  wrong(
    "TRANSPORT-57",
    "takes frames before the introduction",
    /with no introduction on its connection/,
    {
      nobody: { id: "n7", incarnation: "nobody", run: 1 },
    },
  ),
  wrong("TRANSPORT-57", "lets a connection introduce itself again", /with two introductions/, {
    introducedAgain: (_before, again) => again,
  }),
  wrong("TRANSPORT-57", "overlooks a second introduction", /with two introductions/, {
    introducedAgain: (before) => before,
  }),
  wrong(
    "TRANSPORT-74",
    "leaves it to who dials to turn nodes away",
    /another cluster or codec .* \{"clusterId":"blue"\}/,
    {
      mismatch: (ours, theirs, dialled) =>
        dialled === undefined ? undefined : rightWays.mismatch(ours, theirs, dialled),
    },
  ),
  wrong("TRANSPORT-58", "throws when an introduction is null", /outside of every promise/, {
    parseHello: (text) => {
      const hello = jsonOf(text) as LocalNode | undefined;
      return hello === undefined || hello.run > 0 ? hello && parseHello(text) : undefined;
    },
  }),
  wrong("TRANSPORT-58", "checks no run", /"run":.* had a frame delivered/, {
    parseHello: (text) => {
      const run = /"run":(-1|3\.5)/.exec(text);
      return parseHello(run === null ? text : text.replace(run[0], '"run":1'));
    },
  }),
  wrong("TRANSPORT-58", "takes any value for an id", /had a frame delivered/, {
    parseHello: (text) => parseHello(text.replace(/"id":(?:true|null|3\.5)/, '"id":"n4"')),
  }),
  wrong(
    "TRANSPORT-58",
    "parses by a function that calls itself",
    /outside of every promise: Maximum/,
    {
      parseHello: (text) => {
        depthOf(text, 0);
        return parseHello(text);
      },
    },
  ),
  wrong(
    "TRANSPORT-59",
    "sends large frames in one piece",
    /right after were sent .* the large one arrived first.* had slowed the line from n1 to n2 down to \d+ bytes a second/,
    {
      pieceBytes: LIMITS.maxFrameBytes,
    },
  ),
  wrong("TRANSPORT-59", "hands all pieces over at once", /the large one arrived first, 3 times/, {
    piecesUnderWay: Infinity,
    smallOnesBetween: 0,
  }),
  wrong(
    "TRANSPORT-60",
    "hands all pieces to the system when the turn has ended",
    /while it was under way were sent .* the large one arrived first, 3 times/,
    { piecesUnderWay: Infinity, startsPieces: (start) => void setImmediate(start) },
  ),
  wrong(
    "TRANSPORT-61",
    "lets 12 small frames go before a large one, and no more",
    /for \d+ % of it n\d heard nothing of n\d.* had slowed each line down to \d+ bytes a second/,
    { smallOnesBetween: 12 },
  ),
];

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function depthOf(text: string, at: number): number {
  return text[at] === "[" || text[at] === "{" ? 1 + depthOf(text, at + 1) : 0;
}
