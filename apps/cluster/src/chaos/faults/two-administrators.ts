// Two administrators who know nothing of each other ask two nodes for different changes at once. At
// most one of them can be based on the members as they were; what the other one wanted is asked for
// again afterwards, so that nothing is left half done.
import type { NodePlace } from "../../supervisor/layout.js";
import { freePlace, keep } from "../../supervisor/member-host.js";
import { askChange } from "../../supervisor/member-requests.js";
import type { MemberChange } from "../../supervisor/member-requests.js";
import { nodeName } from "./fault-names.js";
import { INSIST_MS } from "./member-fault-options.js";
import type { MemberFaultsOptions } from "./member-fault-options.js";
import type { FaultOutcome } from "./nemesis.js";

const silent = (): void => {};

/** One adds a node, the other removes one. @param candidates voters, in order */
export async function twoAdministrators(
  candidates: readonly number[],
  options: MemberFaultsOptions,
): Promise<FaultOutcome | undefined> {
  const { fleet, operator, signal } = options;
  const { host, commands } = operator;
  const [first, second] = candidates.filter((node) => fleet.isUp(node));
  const leaves = candidates.find((node) => node !== first && node !== second);
  const release = leaves === undefined ? undefined : fleet.claim(leaves);
  if (first === undefined || second === undefined || leaves === undefined || !release) {
    return undefined;
  }
  try {
    const comes: NodePlace = freePlace(host);
    // What is left of it is finished as any command whose end isn't known.
    keep(host, { command: "add", node: null, added: comes.number });
    const started = await operator.insist(() => startOnce(comes, options), INSIST_MS);
    if ("failed" in started) return undefined;
    const ask = (node: number, change: MemberChange): Promise<void> => {
      const { id, http } = host.placeOf(node + 1);
      return askChange({ id, http }, change, silent, signal);
    };
    const leavesId = nodeName(leaves);
    const answers = await Promise.allSettled([
      ask(first, { add: [comes.id] }),
      ask(second, { remove: [leavesId] }),
    ]);
    signal.throwIfAborted();
    const texts = answers.map((one) =>
      one.status === "fulfilled"
        ? "done"
        : one.reason instanceof Error
          ? one.reason.message
          : String(one.reason),
    );
    const finished = await operator.finish(INSIST_MS);
    const left = await operator.insist(() => commands.remove(leavesId, silent), INSIST_MS);
    const isFinished = finished === undefined && "done" in left;
    return {
      target: `add ${comes.id} at ${nodeName(first)}, remove ${leavesId} at ${nodeName(second)}`,
      effect: `at once: ${texts.join("; ")}${isFinished ? "; then both" : "; not all of it then"}`,
      tookEffect: isFinished,
    };
  } finally {
    release();
  }
}

async function startOnce(place: NodePlace, { operator }: MemberFaultsOptions): Promise<void> {
  const { supervisor } = operator.host;
  if (!supervisor.nodes().some((node) => node.place.id === place.id)) await supervisor.add(place);
}
