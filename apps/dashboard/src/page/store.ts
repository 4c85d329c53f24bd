// What the page shows, and where it comes from: one stream of server-sent events, which is opened
// again whenever it ends.
import type { DashboardView, Happening } from "../view.js";
import { happeningsBetween } from "../happenings.js";
import { carryOut } from "./commands.js";
import type { Command } from "./commands.js";
import { Figures } from "./figures.js";
import { pictureOf } from "./picture.js";
import type { Picture } from "./picture.js";

export type Selection =
  | { readonly type: "node"; readonly id: string }
  | { readonly type: "link"; readonly a: string; readonly b: string };

const AGAIN_MS = 1000;
const HAPPENINGS_MAX = 500;

export class Store {
  picture: Picture | undefined;
  isLive = false;
  selection: Selection | undefined;
  /** The latest last. */
  happenings: readonly Happening[] = [];
  readonly figures: Figures = new Figures();
  /** What became of the last command. */
  message = "";
  #view: DashboardView | undefined;
  readonly #listeners = new Set<() => void>();

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  connect(): void {
    const events = new EventSource("v1/view");
    events.addEventListener("open", () => this.#set({ isLive: true }));
    events.addEventListener("error", () => {
      this.#set({ isLive: false });
      // After an answer that is no stream the browser doesn't try again by itself.
      if (events.readyState !== EventSource.CLOSED) return;
      setTimeout(() => this.connect(), AGAIN_MS);
    });
    events.addEventListener("view", ({ data }: MessageEvent<string>) =>
      this.#show(JSON.parse(data)),
    );
    events.addEventListener("history", ({ data }: MessageEvent<string>) =>
      this.#set({ happenings: JSON.parse(data) }),
    );
    events.addEventListener("happened", ({ data }: MessageEvent<string>) =>
      this.#happened(JSON.parse(data)),
    );
  }

  #show(view: DashboardView): void {
    const before = this.#view;
    this.#view = view;
    // The cluster tells by itself what happened, also before the page was opened.
    if (view.cluster === null && before) {
      this.#happened(happeningsBetween(before, view, Date.now()));
    }
    this.figures.add(view, Date.now());
    this.#set({ picture: pictureOf(view) });
  }

  #happened(happenings: readonly Happening[]): void {
    if (happenings.length === 0) return;
    this.#set({ happenings: [...this.happenings, ...happenings].slice(-HAPPENINGS_MAX) });
  }

  carryOut(command: Command): Promise<void> {
    this.#set({ message: "" });
    return carryOut(command, (message) => this.#set({ message }));
  }

  select(selection: Selection | undefined): void {
    this.#set({ selection });
  }

  #set(
    change: Partial<{
      picture: Picture;
      isLive: boolean;
      selection: Selection | undefined;
      happenings: readonly Happening[];
      message: string;
    }>,
  ): void {
    Object.assign(this, change);
    for (const listener of this.#listeners) listener();
  }
}
