// A run with or without a scene, as it is played: events happen, the scene decides what becomes of
// each message that is sent, and a step that has come to its end makes everything wait.
import type { Action } from "../model/actions.js";
import { linkOf, readLink } from "../model/link.js";
import type { Picture } from "../model/picture.js";
import { pictureOf } from "../model/picture.js";
import type { Moment } from "../model/simulation.js";
import { BadScript, replay, rewind, Simulation } from "../model/simulation.js";
import type { Setup } from "../model/world.js";
import { sceneOf } from "./all.js";
import type { Scene, Step } from "./scene.js";

export const USUAL_SETUP: Setup = { seed: 1, nodes: 5 };

/** No step takes so many events; it is there for scenes that somebody else has disturbed. */
const STEP_EVENTS_MAX = 20_000;

export class Run {
  #simulation: Simulation;
  readonly scene: Scene | undefined;
  /** The scene has decided about the messages up to this one. */
  #judged: number;
  #isWaiting = false;

  private constructor(simulation: Simulation, scene: Scene | undefined) {
    this.#simulation = simulation;
    this.scene = scene;
    this.#judged = simulation.world.lastFlightId;
  }

  /** @throws {BadScript} the setup is none that there is */
  static free(setup: Setup): Run {
    return new Run(new Simulation(setup), undefined);
  }

  /** At the beginning of its first step. */
  static ofScene(scene: Scene): Run {
    const run = new Run(new Simulation(scene.setup), scene);
    run.nextStep();
    return run;
  }

  /**
   * @returns undefined: the link names no run. `isSame`: what was shared is what is here; otherwise
   * it comes from a version of raftkit that did something else
   * @throws {BadScript} it names one that can't be
   */
  static ofLink(hash: string): { readonly run: Run; readonly isSame: boolean } | undefined {
    const link = readLink(hash, (id, seed, nodes) => {
      if (id === undefined) return { seed, nodes: nodes ?? USUAL_SETUP.nodes };
      const scene = sceneOf(id);
      if (!scene) throw new BadScript(`the link names a scene that isn't there: "${id}"`);
      return { ...scene.setup, seed };
    });
    if (!link) return undefined;
    const run = new Run(replay(link.script), sceneOf(link.scene));
    run.#isWaiting = run.#isStepDone();
    const isSame =
      (link.fingerprint ?? run.#simulation.fingerprint) === run.#simulation.fingerprint;
    return { run, isSame };
  }

  get simulation(): Simulation {
    return this.#simulation;
  }

  get picture(): Picture {
    return pictureOf(this.#simulation.world);
  }

  /** A step of the scene has come to its end. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** From 1; 0: no scene. */
  get stepNumber(): number {
    const last = this.#simulation.actions.findLast(({ action }) => action.type === "step");
    return last?.action.type === "step" ? last.action.step : 0;
  }

  get step(): Step | undefined {
    return this.scene?.steps[this.stepNumber - 1];
  }

  get hasNextStep(): boolean {
    return this.stepNumber < (this.scene?.steps.length ?? 0);
  }

  /** @throws {BadScript} the run is too long for a link */
  get link(): string {
    const { script, fingerprint } = this.#simulation;
    return linkOf({ script, scene: this.scene?.id, fingerprint });
  }

  /** Begins the scene's next step, if there is one. */
  nextStep(): void {
    const number = this.stepNumber + 1;
    const next = this.scene?.steps[number - 1];
    if (!next) return;
    if (next.insteadOf !== undefined) this.#goBackTo(next.insteadOf);
    this.#isWaiting = false;
    this.#simulation.act({ type: "step", step: number });
    const { actions = [] } = next;
    for (const action of typeof actions === "function" ? actions(this.picture) : actions) {
      this.#simulation.act(action);
    }
    this.#judge();
    this.#isWaiting = this.#isStepDone();
  }

  /** Plays the scene anew up to the beginning of a step. */
  goToStep(number: number): Run {
    const run = this.scene ? Run.ofScene(this.scene) : this;
    while (run.hasNextStep && run.stepNumber < number) {
      run.finishStep();
      run.nextStep();
    }
    return run;
  }

  /** @throws {RangeError} the step doesn't come to its end */
  finishStep(): void {
    for (let events = 0; !this.#isWaiting; events++) {
      if (events === STEP_EVENTS_MAX || !this.next()) {
        throw new RangeError(`step ${this.stepNumber} of ${this.scene?.id} doesn't end`);
      }
    }
  }

  /** Back to the moment before a step began. */
  #goBackTo(number: number): void {
    const { script, actions } = this.#simulation;
    const at = actions.findIndex(({ action }) => action.type === "step" && action.step === number);
    const first = actions[at];
    if (!first) return;
    this.#simulation = replay({
      setup: script.setup,
      actions: actions.slice(0, at),
      end: { events: first.events, ms: first.ms },
    });
    this.#judged = this.#simulation.world.lastFlightId;
  }

  /** @returns whether it meant anything */
  act(action: Action): boolean {
    const hasMeaning = this.#simulation.act(action);
    this.#judge();
    return hasMeaning;
  }

  /** The next event happens. @returns whether there was one */
  next(): boolean {
    const wasDone = this.#isWaiting;
    if (!this.#simulation.step()) return false;
    this.#judge();
    if (!wasDone) this.#isWaiting = this.#isStepDone();
    return true;
  }

  /** One event less. */
  back(): void {
    const { events } = this.#simulation.world;
    if (events === 0) return;
    const to: Moment = { events: events - 1, ms: 0 };
    this.#simulation = rewind(this.#simulation, to);
    this.#judged = this.#simulation.world.lastFlightId;
    this.#isWaiting = this.#isStepDone();
  }

  /** Time passes; a step that comes to its end stops it. */
  advanceTo(ms: number): void {
    const wasWaiting = this.#isWaiting;
    while (this.#simulation.nextAt <= ms) {
      if (!this.next() || (this.#isWaiting && !wasWaiting)) return;
    }
    this.#simulation.waitUntil(ms);
    if (!wasWaiting) this.#isWaiting = this.#isStepDone();
  }

  #isStepDone(): boolean {
    return this.step?.until(this.picture) ?? false;
  }

  /** What the scene makes of messages that were sent just now. */
  #judge(): void {
    const { world } = this.#simulation;
    const { fate } = this.step ?? {};
    if (fate && !this.#isWaiting) {
      const picture = this.picture;
      for (const flight of world.flights.values()) {
        if (flight.id <= this.#judged) continue;
        const verdict = fate(flight, picture);
        if (verdict === "drop") this.#simulation.act({ type: "lose", message: flight.id });
        else if (verdict === "delay") this.#simulation.act({ type: "delay", message: flight.id });
      }
    }
    this.#judged = world.lastFlightId;
  }
}
