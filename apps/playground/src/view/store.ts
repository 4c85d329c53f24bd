// What the page shows and how it moves on: the run that is played, at which speed, and what is
// selected. Real time enters here alone.
import type { NodeId } from "@raftkit/core";
import type { Action } from "../model/actions.js";
import type { Picture } from "../model/picture.js";
import { BadScript } from "../model/simulation.js";
import type { Setup } from "../model/world.js";
import { scenes, sceneOf } from "../scenes/all.js";
import { Run, USUAL_SETUP } from "../scenes/run.js";

export type Selection =
  | { readonly type: "node"; readonly id: NodeId }
  | { readonly type: "message"; readonly id: number }
  | { readonly type: "link"; readonly a: NodeId; readonly b: NodeId };

/** Simulated milliseconds in a real second. */
export const SPEEDS = [
  { msPerSecond: 200, name: "1/5" },
  { msPerSecond: 100, name: "1/10" },
  { msPerSecond: 50, name: "1/20" },
  { msPerSecond: 25, name: "1/40" },
  { msPerSecond: 10, name: "1/100" },
  { msPerSecond: 4, name: "1/250" },
] as const;

/** A page that was in the background doesn't make up for it. */
const FRAME_MS_MAX = 100;

type Listener = () => void;

export class Store {
  #run: Run;
  #picture: Picture;
  isPlaying = false;
  msPerSecond: number = 25;
  selection: Selection | undefined;
  /** What the person is told, until something else happens. */
  message = "";
  /** What is shown; between two events it is ahead of the simulation. */
  #shownMs = 0;
  #lastFrameAt: number | undefined;
  readonly #changeListeners = new Set<Listener>();
  readonly #frameListeners = new Set<Listener>();
  readonly #hasLittleMotion: MediaQueryList;

  constructor(hash: string) {
    this.#hasLittleMotion = matchMedia("(prefers-reduced-motion: reduce)");
    this.#run = Run.free(USUAL_SETUP);
    this.#picture = this.#run.picture;
    const [first] = scenes;
    if (!this.openLink(hash) && first && this.message === "") this.openScene(first.id);
  }

  get run(): Run {
    return this.#run;
  }

  get picture(): Picture {
    return this.#picture;
  }

  get shownMs(): number {
    return this.#shownMs;
  }

  onChange(listener: Listener): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  onFrame(listener: Listener): () => void {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.delete(listener);
  }

  #show(run: Run): void {
    this.#run = run;
    this.selection = undefined;
    this.#changed();
  }

  #changed(): void {
    this.#picture = this.#run.picture;
    this.#shownMs = Math.max(this.#picture.now, this.#isAhead() ? this.#shownMs : 0);
    const { selection } = this;
    if (selection?.type === "message" && !this.#run.simulation.world.flights.has(selection.id)) {
      this.selection = undefined;
    }
    this.#tell();
  }

  /** Whether the time that is shown belongs to the moment of the run. */
  #isAhead(): boolean {
    return this.#shownMs <= this.#run.simulation.nextAt && this.#shownMs >= this.#picture.now;
  }

  #tell(): void {
    for (const listener of [...this.#changeListeners, ...this.#frameListeners]) listener();
  }

  /** @returns whether the link names a run */
  openLink(hash: string): boolean {
    try {
      const found = Run.ofLink(hash);
      if (!found) return false;
      this.pause();
      this.message = found.isSame
        ? "This is the run that was shared with you."
        : "This link was made by another version of raftkit: in this one the run goes differently.";
      this.#shownMs = 0;
      this.#show(found.run);
      return true;
    } catch (error) {
      if (!(error instanceof BadScript)) throw error;
      this.message = `Sorry, ${error.message}. Here is a new run instead.`;
      this.#tell();
      return false;
    }
  }

  /** @returns undefined: there can't be one, and the person was told why */
  makeLink(): string | undefined {
    try {
      return this.#run.link;
    } catch (error) {
      if (!(error instanceof BadScript)) throw error;
      this.say(`Sorry, ${error.message}.`);
      return undefined;
    }
  }

  openScene(id: string): void {
    const scene = sceneOf(id);
    if (!scene) return;
    this.#open(Run.ofScene(scene));
  }

  openFree(setup: Setup): void {
    try {
      this.#open(Run.free(setup));
    } catch (error) {
      if (!(error instanceof BadScript)) throw error;
      this.say(`Sorry, ${error.message}.`);
    }
  }

  #open(run: Run): void {
    this.pause();
    this.message = "";
    this.#shownMs = 0;
    this.#show(run);
  }

  say(message: string): void {
    this.message = message;
    this.#tell();
  }

  select(selection: Selection | undefined): void {
    this.selection = selection;
    // A moving dot is hard to read about.
    if (selection?.type === "message") this.pause();
    this.#tell();
  }

  play(): void {
    if (this.isPlaying) return;
    this.#goOnWithScene();
    this.isPlaying = true;
    this.#lastFrameAt = undefined;
    requestAnimationFrame(this.#frame);
    this.#tell();
  }

  pause(): void {
    if (!this.isPlaying) return;
    this.isPlaying = false;
    this.#tell();
  }

  /** A scene that waits is told to go on. */
  #goOnWithScene(): void {
    this.message = "";
    if (!this.#run.isWaiting || !this.#run.hasNextStep) return;
    this.#run.nextStep();
    this.#changed();
  }

  stepEvent(): void {
    this.pause();
    this.#goOnWithScene();
    this.#run.next();
    this.#changed();
  }

  back(): void {
    this.pause();
    this.message = "";
    this.#run.back();
    this.#shownMs = 0;
    this.#changed();
  }

  /** To the end of the scene's present step. */
  skip(): void {
    this.pause();
    try {
      this.#run.finishStep();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.message = "After what you have done this step doesn't come to its end.";
    }
    this.#changed();
  }

  goToStep(number: number): void {
    this.pause();
    this.message = "";
    this.#shownMs = 0;
    this.#show(this.#run.goToStep(number));
  }

  act(action: Action): void {
    this.#run.advanceTo(Math.floor(this.#shownMs));
    this.#run.act(action);
    this.#changed();
  }

  readonly #frame = (at: number): void => {
    if (!this.isPlaying) return;
    const passedMs = Math.min(FRAME_MS_MAX, at - (this.#lastFrameAt ?? at));
    this.#lastFrameAt = at;
    const { events } = this.#run.simulation.world;
    const wasWaiting = this.#run.isWaiting;
    const wantedMs = this.#shownMs + (passedMs * this.msPerSecond) / 1000;
    this.#run.advanceTo(wantedMs);
    const isOver = this.#run.isWaiting && !wasWaiting;
    this.#shownMs = isOver ? this.#run.simulation.world.now : wantedMs;
    if (isOver) this.isPlaying = false;
    if (isOver || this.#run.simulation.world.events !== events) this.#changed();
    else if (!this.#hasLittleMotion.matches) for (const tell of this.#frameListeners) tell();
    if (this.isPlaying) requestAnimationFrame(this.#frame);
  };
}
