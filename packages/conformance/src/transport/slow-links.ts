// Cases on slow lines: what keeps a cluster alive never waits behind what is large.
import { ensure } from "../expect.js";
import { isSame } from "../bytes.js";
import { noting, pattern, transportCase } from "./bench.js";
import type { Bench, TestNode } from "./bench.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

const LIVENESS =
  "Availability (Raft §5.6, broadcastTime ≪ electionTimeout): a heartbeat that waits behind an entry of megabytes comes after the election timeout: on a slow line each large command would end a leadership, for ever";
const LARGE_BYTES = 4 * 2 ** 20;
/** How long the large frame is on its way. */
const LARGE_MS = 1500;
const BOUND_MS = 6 * LARGE_MS;
const SMALL_FRAMES = 10;
/** A stalled machine may let everything arrive at once. */
const TRIES = 3;

export const slowLinks: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-59",
      title: "over a slow line small frames that are sent right after a large one arrive before it",
      requires: ["TRANSPORT-11"],
      capabilities: ["stream"],
      rule: LIVENESS,
    },
    async (bench) => {
      await smallOnesFirst(bench, "right after", async () => undefined);
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-60",
      title:
        "over a slow line small frames that are sent while a large one is on its way arrive before it",
      requires: ["TRANSPORT-59"],
      capabilities: ["stream"],
      rule: `${LIVENESS}; what was handed to the system's buffers can't be overtaken any more, so only little may be there`,
    },
    async (bench) => {
      await smallOnesFirst(bench, "while it was under way", async (a, b) => {
        // The first ones tell that the large one has begun to move.
        sendSmall(a, 100);
        await bench.until("a small frame arrived", () => arrived(b, 100) > 0, BOUND_MS);
      });
    },
  ),
];

async function smallOnesFirst(
  bench: Bench,
  when: string,
  meanwhile: (a: TestNode, b: TestNode) => Promise<void>,
): Promise<void> {
  const [a, b] = [await bench.start("n1"), await bench.start("n2")];
  await bench.list(a, [b.local]);
  await bench.arrives(a, b, pattern(50, 1));
  const large = pattern(Math.min(a.transport.maxFrameBytes, LARGE_BYTES), 2);
  const bytesPerSecond = Math.ceil((1000 * large.length) / LARGE_MS);
  bench.links.disturb?.("n1", "n2", { kind: "throttle", bytesPerSecond });
  await noting(
    `the suite had slowed the line from n1 to n2 down to ${bytesPerSecond} bytes a second`,
    passes(bench, a, b, large, when, meanwhile),
  );
}

async function passes(
  bench: Bench,
  a: TestNode,
  b: TestNode,
  large: Uint8Array,
  when: string,
  meanwhile: (a: TestNode, b: TestNode) => Promise<void>,
): Promise<void> {
  const isLarge = ({ frame }: { readonly frame: Uint8Array }): boolean => isSame(frame, large);
  b.frames.length = 0;
  let first = "";
  for (let tries = 0; tries < TRIES && first !== "small"; tries++) {
    await bench.until(
      "a frame arrived over the slow line",
      () => {
        if (b.frames.length === 0) a.transport.send("n2", [pattern(50, tries)]);
        return b.frames.length > 0;
      },
      BOUND_MS,
    );
    b.frames.length = 0;
    await bench.until("the large frame was taken", () => a.transport.send("n2", [large]));
    await meanwhile(a, b);
    const length = 200 + tries; // those of an earlier try come late
    sendSmall(a, length);
    await bench.until(
      "a frame arrived",
      () => arrived(b, length) > 0 || b.frames.some(isLarge),
      BOUND_MS,
    );
    first = b.frames.some(isLarge) ? "large" : "small";
  }
  ensure(
    first === "small",
    `a frame of ${large.length} bytes and small ones ${when} were sent over a slow line (${LARGE_MS} ms for the large one): the large one arrived first, ${TRIES} times; send it in pieces, let small frames go in between, and keep little in the system's buffers`,
  );
}

function sendSmall(from: TestNode, length: number): void {
  for (let i = 0; i < SMALL_FRAMES; i++) from.transport.send("n2", [pattern(length, i)]);
}

function arrived(at: TestNode, length: number): number {
  return at.frames.filter(({ frame }) => frame.length === length).length;
}
