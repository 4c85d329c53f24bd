// What the dashboard shows of the cluster: asks every node again and again, often while somebody
// looks, and remembers what happened. It only watches.
import { happeningsBetween, raftViewSchema } from "@raftkit-app/dashboard";
import type {
  ClusterPart,
  DashboardView,
  Happening,
  NodeView,
  RaftView,
} from "@raftkit-app/dashboard";
import type { NodePlace } from "../supervisor/layout.js";
import type { SupervisedNode } from "../supervisor/supervised-process.js";
import type { Supervisor } from "../supervisor/supervisor.js";

const WATCHED_EVERY_MS = 250;
const IDLE_EVERY_MS = 1000;
const ASK_TIMEOUT_MS = 500;
const HAPPENINGS_MAX = 500;

export interface FeedListener {
  readonly view: (view: DashboardView) => void;
  readonly happened: (happenings: readonly Happening[]) => void;
}

/** What a node said last. */
interface Heard {
  readonly raft: RaftView | null;
  readonly answers: boolean;
}

export class DashboardFeed {
  readonly #nodes: Supervisor["nodes"];
  readonly #part: () => ClusterPart;
  readonly #heard = new Map<string, Heard>();
  readonly #asked = new Set<string>();
  readonly #listeners = new Set<FeedListener>();
  #happenings: readonly Happening[] = [];
  #view: DashboardView | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(nodes: Supervisor["nodes"], part: () => ClusterPart) {
    this.#nodes = nodes;
    this.#part = part;
    this.#schedule();
  }

  get happenings(): readonly Happening[] {
    return this.#happenings;
  }

  /** The address of the node that leads in the latest term, of those that answer. */
  get leader(): string | undefined {
    const led = [...this.#heard].flatMap(([id, { raft, answers }]) =>
      answers && raft?.role === "leader" ? [{ id, term: raft.term }] : [],
    );
    const latest = led.toSorted((a, b) => b.term - a.term)[0]?.id;
    return this.#nodes().find(({ place }) => place.id === latest)?.place.http;
  }

  /** Told of the present view at once. @returns no longer */
  watch(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    listener.view(this.#draw());
    this.look();
    return () => this.#listeners.delete(listener);
  }

  /** Something may have changed: looks now. */
  look(): void {
    if (this.#isClosed) return;
    for (const { place, state } of this.#nodes()) {
      if (state === "running") void this.#ask(place);
      else this.#heard.set(place.id, { raft: this.#lastOf(place.id), answers: false });
    }
    this.#tell();
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const delay = this.#listeners.size > 0 ? WATCHED_EVERY_MS : IDLE_EVERY_MS;
    this.#timer = setTimeout(() => this.look(), delay);
  }

  async #ask({ id, http }: NodePlace): Promise<void> {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    const raft = await askView(http);
    this.#asked.delete(id);
    this.#heard.set(id, { raft: raft ?? this.#lastOf(id), answers: raft !== undefined });
  }

  #lastOf(id: string): RaftView | null {
    return this.#heard.get(id)?.raft ?? null;
  }

  #tell(): void {
    const view = this.#draw();
    const before = this.#view;
    this.#view = view;
    const happened = before ? happeningsBetween(before, view, Date.now()) : [];
    this.#happenings = [...this.#happenings, ...happened].slice(-HAPPENINGS_MAX);
    for (const listener of this.#listeners) {
      if (happened.length > 0) listener.happened(happened);
      listener.view(view);
    }
  }

  #draw(): DashboardView {
    return { cluster: this.#part(), nodes: this.#nodes().map((node) => this.#drawNode(node)) };
  }

  #drawNode({ place, state, pid, reason, diskDelayMs }: SupervisedNode): NodeView {
    const { id, http } = place;
    const { raft, answers } = this.#heard.get(id) ?? { raft: null, answers: false };
    return { id, http, process: { state, pid, reason, diskDelayMs }, answers, raft };
  }
}

/** @returns undefined if it doesn't answer in time, or with something else */
async function askView(http: string): Promise<RaftView | undefined> {
  try {
    const response = await fetch(`http://${http}/v1/view`, {
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    });
    return raftViewSchema.parse(await response.json());
  } catch {
    return undefined;
  }
}
