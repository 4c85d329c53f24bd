// What faults of links are called for people, and nodes. Pure.
import type { Link, LinkEffect } from "./schedule.js";

export function nodeName(node: number): string {
  return `n${node + 1}`;
}

export function describeEffect(effect: LinkEffect): string {
  switch (effect.type) {
    case "delay":
      return `${effect.latencyMs} to ${effect.latencyMs + effect.jitterMs} ms`;
    case "throttle":
      return `${effect.bytesPerSecond} B/s`;
    case "cut":
      return "reset";
    case "blackhole":
      return "silent";
  }
}

/**
 * Links that share a node are joined: "n4 ⇄ n1 n2" both ways, "n1 → n2 n3" and "n2 n3 → n1" one
 * way.
 */
export function describeLinks(links: readonly Link[]): string {
  const isMutual = ([from, to]: Link): boolean =>
    links.some((link) => link[0] === to && link[1] === from);
  const mutual = links.filter((link) => isMutual(link) && link[0] < link[1]);
  return [
    ...groups(mutual, true).map(({ hub, others }) => `${nodeName(hub)} ⇄ ${names(others)}`),
    ...groups(
      links.filter((link) => !isMutual(link)),
      false,
    ).map(({ hub, others, isFrom }) =>
      isFrom ? `${nodeName(hub)} → ${names(others)}` : `${names(others)} → ${nodeName(hub)}`,
    ),
  ].join(", ");
}

interface Group {
  readonly hub: number;
  readonly others: readonly number[];
  readonly isFrom: boolean;
}

/** The node with the most links first, again and again; of equal ones the first that is named. */
function groups(links: readonly Link[], isMutual: boolean): readonly Group[] {
  const hubs = [...new Set(links.flat())].flatMap((hub): Group[] => {
    const [starts, ends] = [
      links.filter(([from]) => from === hub).map(([, to]) => to),
      links.filter(([, to]) => to === hub).map(([from]) => from),
    ];
    return isMutual
      ? [{ hub, others: [...starts, ...ends], isFrom: true }]
      : [
          { hub, others: starts, isFrom: true },
          { hub, others: ends, isFrom: false },
        ];
  });
  const best = hubs.reduce<Group | undefined>(
    (most, one) => (one.others.length > (most?.others.length ?? 0) ? one : most),
    undefined,
  );
  if (best === undefined) return [];
  const isTold = ([from, to]: Link): boolean =>
    (from === best.hub && (isMutual || best.isFrom)) ||
    (to === best.hub && (isMutual || !best.isFrom));
  return [
    best,
    ...groups(
      links.filter((link) => !isTold(link)),
      isMutual,
    ),
  ];
}

function names(nodes: readonly number[]): string {
  return nodes.map(nodeName).toSorted().join(" ");
}
