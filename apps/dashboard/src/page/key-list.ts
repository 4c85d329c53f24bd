// The keys that begin with some text, as they change: a list, and then a watch that goes on behind it.

export interface KeyItem {
  readonly key: string;
  /** What can be read of it. */
  readonly value: string;
  readonly index: number;
}

interface Listed {
  readonly index: number;
  readonly items: readonly Encoded[];
  readonly next: string | null;
}

interface Encoded {
  readonly key: string;
  readonly value: string;
  readonly index: number;
}

export const KEYS_MAX = 50;
const VALUE_CHARS = 200;
const AGAIN_MS = 1000;

export class KeyList {
  prefix = "";
  hasMore = false;
  problem = "";
  readonly #items = new Map<string, KeyItem>();
  readonly #onChange: () => void;
  #events: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get items(): KeyItem[] {
    return [...this.#items.values()]
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .slice(0, KEYS_MAX);
  }

  close(): void {
    this.#round++;
    clearTimeout(this.#timer);
    this.#events?.close();
  }

  open(prefix: string): void {
    this.close();
    this.prefix = prefix;
    void this.#load(this.#round);
  }

  async #load(round: number): Promise<void> {
    try {
      const query = new URLSearchParams({ prefix: this.prefix, limit: String(KEYS_MAX) });
      const response = await fetch(`v1/kv?${query}`);
      if (!response.ok) throw new Error(await problemOf(response));
      const { items, index, next }: Listed = await response.json();
      if (round !== this.#round) return;
      this.#items.clear();
      for (const item of items) this.#items.set(item.key, decoded(item));
      this.hasMore = next !== null;
      this.problem = "";
      this.#watch(index, round);
    } catch (error) {
      if (round !== this.#round) return;
      this.problem = error instanceof Error ? error.message : String(error);
      this.#again();
    }
    this.#onChange();
  }

  /** Lists again: what was missed isn't known. */
  #again(): void {
    this.#events?.close();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(this.prefix), AGAIN_MS);
  }

  #watch(after: number, round: number): void {
    const query = new URLSearchParams({ prefix: this.prefix, after: String(after) });
    const events = new EventSource(`v1/watch?${query}`);
    this.#events = events;
    const on = (name: string, act: (item: Encoded) => void): void =>
      events.addEventListener(name, ({ data }: MessageEvent<string>) => {
        if (round !== this.#round) return;
        act(JSON.parse(data));
        this.#onChange();
      });
    on("put", (item) => void this.#items.set(item.key, decoded(item)));
    on("delete", ({ key }) => void this.#items.delete(key));
    for (const ending of ["compacted", "slow", "ahead"]) on(ending, () => this.#again());
    events.addEventListener("error", () => {
      if (round === this.#round && events.readyState === EventSource.CLOSED) this.#again();
    });
  }
}

function decoded({ key, value, index }: Encoded): KeyItem {
  const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
  const text = new TextDecoder().decode(bytes.subarray(0, VALUE_CHARS));
  return { key, value: bytes.length > VALUE_CHARS ? `${text}…` : text, index };
}

/** @returns what went wrong; "": nothing */
export async function write(key: string, value: string | null): Promise<string> {
  try {
    const response = await fetch(`v1/kv/${encodeURIComponent(key)}`, {
      method: value === null ? "DELETE" : "PUT",
      headers: { "content-type": "application/json" },
      ...(value !== null && { body: value }),
    });
    return response.ok ? "" : await problemOf(response);
  } catch {
    return "no answer: the write may have happened or not";
  }
}

async function problemOf(response: Response): Promise<string> {
  try {
    const { error }: { readonly error: { readonly message: string } } = await response.json();
    return error.message;
  } catch {
    return `answer ${response.status}`;
  }
}
