// Describes where the option `cluster.bootstrap` differs from the configuration in the log, which
// wins.
import type { NodeId, Peer } from "@raftkit/core";

/** Which voters only one of the two names. */
export function differingIds(bootstrap: readonly Peer[], voters: readonly Peer[]): string {
  const only = (these: readonly Peer[], those: readonly Peer[]): string =>
    these
      .filter(({ id }) => !those.some((other) => other.id === id))
      .map(({ id }) => id)
      .join(", ") || "none";
  return `only in cluster.bootstrap: ${only(bootstrap, voters)}; only in the log: ${only(voters, bootstrap)}`;
}

export interface DifferingAddress {
  readonly id: NodeId;
  readonly given: string;
  readonly inLog: string;
}

/** Of the voters that both name: those with two addresses. */
export function differingAddresses(
  bootstrap: readonly Peer[],
  voters: readonly Peer[],
): readonly DifferingAddress[] {
  return bootstrap.flatMap(({ id, address: given }) => {
    const inLog = voters.find((voter) => voter.id === id)?.address ?? given;
    return given === inLog ? [] : [{ id, given, inLog }];
  });
}
