// What is asked of the systems that are compared.

/** Linearizable reads; the mix has nine of them for each put. */
export const WORKLOADS = ["put", "read", "mix"] as const;

export type Workload = (typeof WORKLOADS)[number];

export const WORKLOAD_NAMES: Readonly<Record<Workload, string>> = {
  put: "puts",
  read: "linearizable reads",
  mix: "90 % reads, 10 % puts",
};

const MIX = 10;

/** Whether the request with this number is a read. */
export function readsOf(workload: Workload): (count: number) => boolean {
  if (workload === "mix") return (count) => count % MIX !== MIX - 1;
  return () => workload === "read";
}

/** Bytes of each value. */
export const VALUE_BYTES = 100;

/** How many keys the loads name that can name more than one. */
export const KEYS = 10_000;
