// Nodes that come to a cluster of these tests, and clusters whose members change.
import { onTestFinished } from "vitest";
import type { MembershipProgress } from "raftkit";
import { createNode, MembershipChangeFailed } from "raftkit";
import type { Member, TestCluster, TestOptions } from "./cluster.js";
import { partsOf } from "./cluster.js";

export interface Joining {
  /** Whose address it is given. */
  readonly via?: readonly string[];
  readonly rejoin?: boolean;
  readonly change?: Partial<TestOptions>;
}

/** Started with `join`, on an empty data directory where the change doesn't name another one. */
export async function join(
  { clock, network }: TestCluster,
  id: string,
  { via = ["n1"], rejoin, change = {} }: Joining = {},
): Promise<Member> {
  const { options, ...parts } = partsOf(clock, network, id, []);
  const addresses = via.map((one) => `${one}.test:1`);
  const node = await createNode({
    ...options,
    address: `${id}.test:1`,
    cluster: { id: "test", join: addresses, rejoin },
    ...change,
  });
  onTestFinished(async () => {
    await clock.outcome(node.close());
  });
  return { id, node, ...parts };
}

/** Steps, without the figures of those that are told again and again. */
export function createSteps(): {
  readonly told: MembershipProgress[];
  readonly onProgress: (progress: MembershipProgress) => void;
  readonly names: () => string[];
} {
  const told: MembershipProgress[] = [];
  return {
    told,
    onProgress: (progress) => void told.push(progress),
    names: () => told.map(({ step }) => step).filter((step, i, all) => step !== all[i - 1]),
  };
}

/** How a change fails. */
export async function failure(
  { clock }: TestCluster,
  promise: Promise<unknown>,
): Promise<MembershipChangeFailed> {
  const error: unknown = await clock.outcome(
    promise.then(
      () => undefined,
      (reason: unknown) => reason,
    ),
  );
  if (error instanceof MembershipChangeFailed) return error;
  throw new Error(`no MembershipChangeFailed: ${String(error)}`);
}

/** `n1,n2 learners=n3 outgoing=n1`. */
export function membersAt({ node }: Pick<Member, "node">): string {
  const { configuration } = node.status();
  if (!configuration) return "none";
  const ids = (list: readonly { readonly id: string }[]): string =>
    list
      .map(({ id }) => id)
      .toSorted()
      .join();
  const { voters, learners, outgoing } = configuration;
  return [
    ids(voters),
    learners.length > 0 ? `learners=${ids(learners)}` : "",
    outgoing.length > 0 ? `outgoing=${ids(outgoing)}` : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}

export async function works({ clock }: TestCluster, member: Member): Promise<boolean> {
  const count = member.machine.commands.length;
  return (await clock.outcome(member.node.propose(`by ${member.id}`))) > count;
}
