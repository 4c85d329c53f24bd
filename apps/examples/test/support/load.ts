// Clients that book one apple after the other, and keep what they were told.
import type { Answer, Balancer } from "./balancer.js";

export interface Booked {
  /** Which stock each acknowledged booking left behind. */
  readonly stocks: readonly number[];
  /** Bookings of which the clients don't know whether they were made. */
  readonly unknown: readonly string[];
  /** What the service doesn't document. */
  readonly others: readonly Answer[];
}

export interface Load {
  /** Resolves when so many more are acknowledged. */
  acknowledged(count: number): Promise<void>;
  /** Resolves when the last answer is here. */
  stop(): Promise<Booked>;
}

export function book(balancer: Balancer, booking: string): Promise<Answer> {
  return balancer.request("PUT", `/bookings/${booking}`, { item: "apple", quantity: 1 });
}

export function stockOf({ body }: Answer): number {
  return (body as { readonly stock: number }).stock;
}

/** @param onAcknowledged told of each booking */
export function startLoad(balancer: Balancer, clients: number, onAcknowledged: () => void): Load {
  const [stocks, unknown, others]: [number[], string[], Answer[]] = [[], [], []];
  let awaited: { readonly count: number; readonly resolve: () => void } | undefined;
  let stopped = false;

  async function client(name: string): Promise<void> {
    for (let i = 0; !stopped; i++) {
      const booking = `${name}-${i}`;
      const answer = await book(balancer, booking);
      if (answer.status === 504) unknown.push(booking);
      else if (answer.status !== 200) others.push(answer);
      else {
        stocks.push(stockOf(answer));
        onAcknowledged();
        if (awaited && stocks.length >= awaited.count) awaited.resolve();
      }
    }
  }

  const all = Promise.all(Array.from({ length: clients }, (_, i) => client(`client${i}`)));
  return {
    async acknowledged(count) {
      const reached = new Promise<void>((resolve) => {
        awaited = { count: stocks.length + count, resolve };
      });
      await Promise.race([reached, all]);
    },
    async stop() {
      stopped = true;
      await all;
      return { stocks, unknown, others };
    },
  };
}
