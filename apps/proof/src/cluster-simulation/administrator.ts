// An administrator who wants certain members: calls `changeMembership` on some node, again
// elsewhere when that node ends, and again when the call fails, as long as its patience lasts.
import type { NodeId } from "@raftkit/core";
import type { SeededRandom, VirtualTime } from "@raftkit/simulation";
import { MembershipChangeFailed } from "raftkit";
import type { Coverage, MemberCallEvent } from "../plans/coverage.js";
import { memberCallCell } from "../plans/coverage.js";
import type { WantedMembers } from "../plans/member-changes.js";
import type { AskedChanges } from "./asked-changes.js";
import type { Computer } from "./computer.js";

export interface AdministratorOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly coverage: Coverage;
  readonly asked: AskedChanges;
  readonly note: (line: string) => void;
  readonly broken: (check: string, message: string) => void;
  /** Somebody to call; undefined: nobody runs. */
  readonly choose: () => Computer | undefined;
  /** Such a call is under way on it, or is no more. */
  readonly driving: (computer: Computer, isDriving: boolean) => void;
  /** These haven't introduced themselves: they are to be started again, with other addresses. */
  readonly startAgain: (ids: readonly NodeId[]) => void;
  /** The present members without learners that lost their disks; undefined: there are none. */
  readonly withoutLost: () => WantedMembers | undefined;
}

/** Between two calls. ms */
const PAUSE_MS = 40;

/** @returns whether the members were as wanted at its end */
export async function administer(
  options: AdministratorOptions,
  wanted: WantedMembers,
  isPatient: () => boolean,
): Promise<boolean> {
  const { time, random, note } = options;
  note(
    `an operator wants the voters ${wanted.voters.join(" ")} and the learners ${wanted.learners.join(" ")}`,
  );
  while (isPatient()) {
    const computer = options.choose();
    if (computer?.node !== undefined) {
      const end = await callOnce(options, computer, wanted);
      note(`the operator's call on ${computer.id} ends: ${end}`);
      if (end === "done") return true;
      if (end === "noVoter") return false;
      if (end === "notCaughtUp" || end === "timeout") await removeLost(options);
    }
    const pauseMs = 1 + random.integer(PAUSE_MS);
    await new Promise<void>((resolve) => time.at(time.now() + pauseMs, resolve));
  }
  return false;
}

/** A learner's place isn't given to another data directory: it is removed, and added again. */
async function removeLost(options: AdministratorOptions): Promise<void> {
  const wanted = options.withoutLost();
  const computer = wanted && options.choose();
  if (!wanted || computer?.node === undefined) return;
  options.note(`the operator removes learners that lost their disks on ${computer.id}`);
  await callOnce(options, computer, wanted);
}

/** Never rejects. */
function callOnce(
  { time, random, coverage, asked, driving, startAgain, broken, note }: AdministratorOptions,
  computer: Computer,
  wanted: WantedMembers,
): Promise<MemberCallEvent> {
  const { node, status } = computer;
  if (!node) return Promise.resolve("driverDied");
  const call = asked.begin(wanted);
  const controller = random.chance(0.1) ? new AbortController() : undefined;
  if (controller) time.at(time.now() + random.between(0, 500), () => controller.abort());
  // Now and then one that may be old by now.
  const expected = random.chance(0.2) ? status?.configurationIndex : undefined;
  return new Promise((resolve) => {
    const end = (how: MemberCallEvent): void => {
      forget();
      driving(computer, false);
      coverage.countCell(memberCallCell(how));
      resolve(how);
    };
    const forget = computer.onEnd(() => end("driverDied"));
    driving(computer, true);
    node
      .changeMembership(wanted, {
        timeoutMs: random.pick([300, 1_000, 3_000, Infinity, Infinity]),
        ...(expected && { expected }),
        ...(controller && { signal: controller.signal }),
        onProgress: ({ step }) => coverage.countCell(memberCallCell(step)),
      })
      .then(
        (changed) => {
          call.succeeded(changed);
          end("done");
        },
        (error: unknown) => {
          if (error instanceof MembershipChangeFailed) {
            note(`${computer.id} says: ${error.message}`);
            call.failed(error);
            coverage.countCell(memberCallCell(error.mayHappen ? "mayHappen" : "certain"));
            if (error.reason === "unknownServer") startAgain(error.ids);
            end(error.reason);
          } else {
            broken("asked-changes", `a change of members ended with ${String(error)}`);
            end("failed");
          }
        },
      );
  });
}
