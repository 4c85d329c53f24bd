// Messages and links. A message takes 10 to 20 ms; one on a link that is cut, or that is drawn to
// be lost, ends half way. Links keep the order, except of messages that were delayed by hand.
import type { Message, NodeId } from "@raftkit/core";
import type { Flight, SimulatedNode, World } from "./world.js";
import { fractionOf, linkKey, nodeOf, plan, unplan } from "./world.js";

const DELAY_MS = { min: 10, max: 20 };

/** What a delay by hand adds. */
export const MORE_DELAY_MS = 100;

const HALF_WAY = 0.5;

/** @param receive called when it arrives at a node that is up */
export function transmit(
  world: World,
  from: SimulatedNode,
  to: NodeId,
  message: Message,
  receive: (node: SimulatedNode, flight: Flight) => void,
): void {
  const { now, random, lastArrivals, lossPercent } = world;
  const delayMs = Math.round(random.network.between(DELAY_MS.min, DELAY_MS.max) * 10) / 10;
  const isLost = random.network.chance(lossPercent / 100);
  const link = `${from.id}>${to}`;
  const arrivesAt = Math.max(now + delayMs, lastArrivals.get(link) ?? 0);
  const id = ++world.lastFlightId;
  const { incarnation, run } = from;
  const flight: Flight = {
    id,
    from: { id: from.id, incarnation, run },
    to,
    message: asReceived(message),
    startAt: now,
    startFraction: 0,
    endFraction: 1,
    end: plan(world, arrivesAt, () => {
      world.flights.delete(id);
      const node = nodeOf(world, to);
      if (flight.endFraction === 1 && node?.raft) receive(node, flight);
    }),
  };
  world.flights.set(id, flight);
  if (isLost || world.cuts.has(linkKey(from.id, to))) loseHalfWay(flight);
  else lastArrivals.set(link, arrivesAt);
}

/** On the wire the runs of entries that a message carries become one. */
function asReceived(message: Message): Message {
  if (message.type !== "appendEntries" || message.entries.length < 2) return message;
  const { entries } = message;
  const bytes = new Uint8Array(entries.reduce((sum, run) => sum + run.bytes.length, 0));
  let offset = 0;
  for (const run of entries) {
    bytes.set(run.bytes, offset);
    offset += run.bytes.length;
  }
  const count = entries.reduce((sum, run) => sum + run.count, 0);
  return { ...message, entries: [{ firstIndex: entries[0]?.firstIndex ?? 0, count, bytes }] };
}

/** For messages in the first half of their way. */
export function loseHalfWay(flight: Flight): void {
  const { startAt, startFraction, end } = flight;
  end.at = startAt + ((end.at - startAt) * (HALF_WAY - startFraction)) / (1 - startFraction);
  flight.endFraction = HALF_WAY;
}

/** What is in the first half of its way is lost, too. */
export function cutLink(world: World, a: NodeId, b: NodeId): void {
  world.cuts.add(linkKey(a, b));
  for (const flight of world.flights.values()) {
    if (linkKey(flight.from.id, flight.to) !== linkKey(a, b) || flight.endFraction < 1) continue;
    if (fractionOf(flight, world.now) < HALF_WAY) loseHalfWay(flight);
  }
}

export function dropFlight(world: World, flight: Flight): void {
  unplan(world, flight.end);
  world.flights.delete(flight.id);
}

/** It goes on from where it is, more slowly. */
export function delayFlight(world: World, flight: Flight): void {
  flight.startFraction = fractionOf(flight, world.now);
  flight.startAt = world.now;
  flight.end.at += MORE_DELAY_MS;
}
