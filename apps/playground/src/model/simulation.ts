// A run: event by event, with the actions that a person took. Same setup and same actions, same
// run: an action is remembered by how many events came before it and at what time it was taken.
import { RaftkitError } from "@raftkit/core";
import { hash32 } from "./hash.js";
import type { Action } from "./actions.js";
import { carryOut } from "./actions.js";
import { createNode, fillDisk, startNode } from "./node.js";
import type { Setup, World } from "./world.js";
import { createWorld, nextEvent, NODES_MAX, NODES_MIN, note } from "./world.js";

/** A moment of a run: after so many events, and not before this millisecond. */
export interface Moment {
  readonly events: number;
  readonly ms: number;
}

export interface Recorded extends Moment {
  readonly action: Action;
}

/** A run from its beginning to a moment. */
export interface Script {
  readonly setup: Setup;
  readonly actions: readonly Recorded[];
  readonly end: Moment;
}

/** This script can't be replayed: `message` says why. */
export class BadScript extends RaftkitError {
  constructor(message: string) {
    super("BAD_SCRIPT", message);
  }
}

export class Simulation {
  readonly world: World;
  readonly #actions: Recorded[] = [];

  /** @throws {BadScript} the seed or the number of nodes is none that there is */
  constructor(setup: Setup) {
    const { seed, nodes, stored } = setup;
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new BadScript(`the seed is ${seed}; it is a whole number from 0 on`);
    }
    if (!Number.isInteger(nodes) || nodes < NODES_MIN || nodes > NODES_MAX) {
      throw new BadScript(`a run has ${NODES_MIN} to ${NODES_MAX} nodes, not ${nodes}`);
    }
    this.world = createWorld(setup);
    for (let number = 1; number <= nodes; number++) {
      const node = createNode(this.world, number, false);
      this.world.nodes.push(node);
      fillDisk(this.world, node, stored?.[number - 1] ?? { currentTerm: 1, terms: [] });
    }
    note(this.world, "members", undefined, `${nodes} nodes start; none of them leads`);
    for (const node of this.world.nodes) startNode(this.world, node);
  }

  get actions(): readonly Recorded[] {
    return this.#actions;
  }

  /** Rounded down to what a link holds. */
  get moment(): Moment {
    return { events: this.world.events, ms: Math.floor(this.world.now) };
  }

  get script(): Script {
    return { setup: this.world.setup, actions: [...this.#actions], end: this.moment };
  }

  /** When the next event happens; Infinity: nothing is going to happen. */
  get nextAt(): number {
    return nextEvent(this.world)?.at ?? Infinity;
  }

  /** Lets the next event happen. @returns whether there was one */
  step(): boolean {
    const next = nextEvent(this.world);
    if (!next) return false;
    this.world.queue = this.world.queue.filter((other) => other !== next);
    this.world.now = Math.max(this.world.now, next.at);
    this.world.events++;
    next.carryOut();
    return true;
  }

  /** Time passes up to this millisecond, or to the last one before the next event. */
  waitUntil(ms: number): void {
    this.world.now = Math.max(this.world.now, Math.floor(Math.min(ms, this.nextAt)));
  }

  /** @returns whether it meant anything now: else it isn't recorded */
  act(action: Action): boolean {
    const moment = this.moment;
    if (!carryOut(this.world, action)) return false;
    this.#actions.push({ ...moment, action });
    return true;
  }

  /** A number that differs between states that differ, as far as can be seen. */
  get fingerprint(): string {
    const { world } = this;
    const nodes = world.nodes.map((node) => ({
      ...node.raft?.status,
      stored: [node.disk.hardState, node.disk.base, node.log.base, node.log.entries],
      machine: node.machine,
      run: node.run,
    }));
    const flights = [...world.flights.values()].map(({ id, end, message }) => [
      id,
      end.at,
      message.type,
      message.term,
    ]);
    const state = [world.events, Math.floor(world.now), nodes, flights, [...world.cuts].sort()];
    return hash32(JSON.stringify(state));
  }
}

/** @throws {BadScript} an action means nothing where it stands, or the run ends before it */
export function replay({ setup, actions, end }: Script): Simulation {
  const simulation = new Simulation(setup);
  actions.forEach((recorded, i) => {
    goTo(simulation, recorded);
    if (!simulation.act(recorded.action)) {
      throw new BadScript(
        `action ${i + 1} (${recorded.action.type}) means nothing after ${recorded.events} events`,
      );
    }
  });
  goTo(simulation, end);
  return simulation;
}

function goTo(simulation: Simulation, { events, ms }: Moment): void {
  if (simulation.world.events > events) {
    throw new BadScript(`the actions aren't in the order in which they were taken`);
  }
  while (simulation.world.events < events) {
    if (!simulation.step()) throw new BadScript(`the run ends before event ${events}`);
  }
  simulation.waitUntil(ms);
}

/** The same run, up to an earlier moment. */
export function rewind({ script }: Simulation, to: Moment): Simulation {
  return replay({
    setup: script.setup,
    actions: script.actions.filter(({ events }) => events <= to.events),
    end: to,
  });
}
