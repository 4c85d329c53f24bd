// What must work once everything healed, where members come and go: a last change, to members that
// are drawn, is carried out, whatever was left half done; whoever is no member disturbs nobody
// (hazard 30); and the leadership can be handed on. That each member serves is asked for in any
// run.
import type { NodeId } from "@raftkit/core";
import type { SeededRandom } from "@raftkit/simulation";
import { ELECTION_TIMEOUT_MS } from "./cluster.js";
import type { Operators } from "./operators.js";
import type { Stage } from "./stage.js";

/**
 * The last change may have to wait for calls that are under way, for a rejoin, and for an election
 * after each of its steps. ms
 */
const CHANGE_MS = 20_000;
const TRANSFER_MS = 3_000;
/** For so many of the longest election timeouts nothing may happen. */
const CALM_TIMEOUTS = 5;
const VOTERS_MAX = 5;

/** The last change. @param pausesMs what nodes may wait for besides @returns to which voters */
export async function proveChange(
  stage: Stage,
  operators: Operators,
  pausesMs: number,
): Promise<readonly NodeId[]> {
  const { world } = stage;
  const voters = lastMembers(stage, stage.random.fork("last members"));
  for (const computer of world.computers) {
    if (voters.includes(computer.id)) operators.provide(computer);
  }
  const limitMs = CHANGE_MS + pausesMs;
  // A call of before that goes on would change them again.
  const haveEnded = (): boolean => !operators.isDriving();
  await within(stage, limitMs, "has every call for other members ended", haveEnded);
  let isDone = false;
  operators.change({ voters, learners: [] }, () => (isDone = true));
  await within(stage, limitMs, `are the voters ${voters.join(" ")}`, () => isDone);
  return voters;
}

/** Nobody disturbs whoever leads, and the leadership can be handed on. */
export async function proveCalm(stage: Stage, operators: Operators): Promise<void> {
  const { time, view } = stage;
  // Whoever isn't a voter any more leads until it has told the others so.
  await within(stage, TRANSFER_MS, "does a voter lead", () => {
    const { id, status } = view.leader() ?? {};
    return status?.configuration?.voters.some((voter) => voter.id === id) === true;
  });
  const before = view.leader();
  const term = before?.status?.term ?? 0;
  const calmMs = CALM_TIMEOUTS * ELECTION_TIMEOUT_MS.max;
  if (stage.isSound) await stage.runUntil(time.now() + calmMs, () => false);
  const after = view.leader();
  if (!stage.isSound || !after) return;
  if (after !== before || after.status?.term !== term) {
    stage.broken(
      "disruption",
      `${before?.id ?? "nobody"} led term ${term}, and ${after.id} leads term ${after.status?.term ?? 0} ${calmMs} ms later, though nothing happened`,
    );
  }
  if ((after.status?.configuration?.voters.length ?? 0) < 2) return;
  let isDone = false;
  let isTrue = false;
  void operators.transfers.handOver(after).then((came) => ([isDone, isTrue] = [true, came]));
  await within(stage, TRANSFER_MS, "was the leadership handed on", () => isDone);
  if (stage.isSound && !isTrue) {
    stage.broken("liveness", `${after.id} doesn't hand its leadership on`);
  }
}

async function within(
  stage: Stage,
  limitMs: number,
  what: string,
  isDone: () => boolean,
): Promise<void> {
  if (!stage.isSound) return;
  await stage.runUntil(stage.time.now() + limitMs, isDone);
  if (stage.isSound && !isDone()) {
    stage.broken("liveness", `not within ${limitMs} ms ${what}: ${statesOf(stage)}`);
  }
}

function lastMembers({ world }: Stage, random: SeededRandom): readonly NodeId[] {
  const ids = world.computers.filter((one) => !world.excluded.has(one)).map(({ id }) => id);
  const count = 1 + random.integer(Math.min(VOTERS_MAX, ids.length));
  while (ids.length > count) ids.splice(random.integer(ids.length), 1);
  return ids;
}

function statesOf({ computers }: Stage): string {
  return computers
    .map(({ id, status }) =>
      status
        ? `${id} ${status.role ?? "ended"} in term ${status.term}, log up to ${status.lastIndex}, committed ${status.commitIndex}`
        : `${id} down`,
    )
    .join("; ");
}
