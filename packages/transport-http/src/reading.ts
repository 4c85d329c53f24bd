// Limits what half-read requests can hold, by whose bodies are being read. Every listed peer has a
// slot for the run that this node talks to, and one for any other node that claims its id (its next
// run, or another node with the same id); all strangers share a few. In a full slot the oldest
// request gives way: an honest body arrives within milliseconds, so the oldest has waited long
// enough.
import type { Hello } from "@raftkit/core";
import { type PeerBook, partnerOf } from "./peers.js";
import type { Task } from "./task.js";

const STRANGERS = "strangers";
const STRANGERS_READ = 8;

export interface Reading {
  enter(caller: Hello, task: Task<unknown>): void;
  leave(task: Task<unknown>): void;
  all(): readonly Task<unknown>[];
}

export function createReading(peers: PeerBook): Reading {
  const places = new Map<string, Set<Task<unknown>>>();

  /** No id contains a space. */
  function placeOf(caller: Hello): string {
    const peer = peers.get(caller.id);
    if (peer?.listed === undefined) return STRANGERS;
    const partner = partnerOf(peer);
    const isPartner = partner?.incarnation === caller.incarnation && partner.run === caller.run;
    return isPartner ? `${caller.id} itself` : `${caller.id} or another`;
  }

  return {
    enter(caller, task) {
      const place = placeOf(caller);
      const tasks = places.get(place) ?? new Set();
      places.set(place, tasks.add(task));
      for (const oldest of tasks) {
        if (tasks.size <= (place === STRANGERS ? STRANGERS_READ : 1)) break;
        tasks.delete(oldest);
        oldest.abort(new Error(`a later request of ${place} took its place`));
      }
    },
    leave(task) {
      for (const tasks of places.values()) tasks.delete(task);
    },
    all: () => [...places.values()].flatMap((tasks) => [...tasks]),
  };
}
