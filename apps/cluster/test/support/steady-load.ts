// A steady load of writes over HTTP, which notes what was acknowledged. Every key is written once,
// so that afterwards each acknowledged write must be there as it was.
import { Agent, request } from "node:http";

export interface SteadyLoad {
  /** Keys and values that were acknowledged. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** Milliseconds until a write that began after this call is acknowledged. */
  recovery(): Promise<number>;
  stop(): Promise<void>;
}

interface Waiting {
  readonly since: number;
  readonly resolve: (elapsedMs: number) => void;
}

/** Keeps `inFlight` writes under way, to these servers in turn, until it is stopped. */
export function startSteadyLoad(urls: readonly string[], inFlight: number): SteadyLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const acknowledged = new Map<string, string>();
  let waiting: Waiting[] = [];
  let stopped = false;
  let next = 0;

  async function work(): Promise<void> {
    while (!stopped) {
      const number = next++;
      const key = `key-${number}`;
      const value = `value of ${number}`;
      const began = performance.now();
      const status = await put(agent, `${urls[number % urls.length]}/v1/kv/${key}`, value);
      if (status === 201) {
        acknowledged.set(key, value);
        const now = performance.now();
        for (const one of waiting) if (began >= one.since) one.resolve(now - one.since);
        waiting = waiting.filter((one) => began < one.since);
      } else {
        // What failed may or may not be there; a pause keeps a dead server from being hammered.
        await new Promise((resume) => setTimeout(resume, 5));
      }
    }
  }

  const workers = Array.from({ length: inFlight }, work);
  return {
    acknowledged,
    recovery: () => new Promise((resolve) => waiting.push({ since: performance.now(), resolve })),
    async stop() {
      stopped = true;
      await Promise.all(workers);
      agent.destroy();
    },
  };
}

/** @returns the status, 0 when there was no answer */
function put(agent: Agent, url: string, body: string): Promise<number> {
  return new Promise((resolve) => {
    const sent = request(
      url,
      { agent, method: "PUT", headers: { "content-length": Buffer.byteLength(body) } },
      (response) => {
        response.resume();
        response.once("close", () => resolve(response.complete ? (response.statusCode ?? 0) : 0));
      },
    );
    sent.once("error", () => resolve(0));
    sent.end(body);
  });
}

/** Everything that a server holds, read page by page, linearizably. */
export async function readAll(url: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let after: string | null = ""; after !== null;) {
    const response: Response = await fetch(
      `${url}/v1/kv?limit=1000${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`,
    );
    if (!response.ok) {
      throw new Error(`${url} answered ${response.status} ${await response.text()}`);
    }
    const page = (await response.json()) as {
      readonly items: readonly { readonly key: string; readonly value: string }[];
      readonly next: string | null;
    };
    for (const { key, value } of page.items) {
      found.set(key, Buffer.from(value, "base64").toString());
    }
    after = page.next;
  }
  return found;
}
