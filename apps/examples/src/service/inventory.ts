// The state machine: how much of each item is in stock, and which bookings made it so. A booking
// has a name that its client chose, and counts once however often it is repeated.
import type { RaftNode, Returns, StateMachine } from "raftkit";
import { readJsonSnapshot, writeJsonSnapshot } from "../json-snapshot.js";

/** Adds `quantity` to the stock of `item`; below 0: takes from it. */
export interface Booking {
  readonly booking: string;
  readonly item: string;
  readonly quantity: number;
}

/**
 * - `booked`: it counts. `stock`: what it left behind; the same when the booking is repeated.
 * - `outOfStock`: nothing changed; there was only `stock`.
 * - `bookingTaken`: nothing changed; another booking has this name.
 */
export type BookingResult =
  | { readonly outcome: "booked"; readonly stock: number }
  | { readonly outcome: "outOfStock"; readonly stock: number }
  | { readonly outcome: "bookingTaken" };

/** How much there is of an item; 0 of one that was never booked. */
export interface StockQuery extends Returns<number> {
  readonly item: string;
}

/** What became of a booking; undefined: it wasn't made, or not yet. */
export interface BookingQuery extends Returns<Booked | undefined> {
  readonly booking: string;
}

/** `stock`: what it left behind. */
export interface Booked {
  readonly item: string;
  readonly quantity: number;
  readonly stock: number;
}

interface Snapshot {
  readonly stocks: readonly (readonly [item: string, stock: number])[];
  readonly bookings: readonly (readonly [booking: string, booked: Booked])[];
}

type Query = StockQuery | BookingQuery;
type Answer = number | Booked | undefined;
export type Inventory = StateMachine<Booking, BookingResult, Query, Answer>;
export type InventoryNode = RaftNode<Booking, BookingResult, Query, Answer>;

export function createInventory(): Inventory {
  let stocks = new Map<string, number>();
  let bookings = new Map<string, Booked>();
  return {
    apply({ booking, item, quantity }) {
      const earlier = bookings.get(booking);
      if (earlier) {
        return earlier.item === item && earlier.quantity === quantity
          ? { outcome: "booked", stock: earlier.stock }
          : { outcome: "bookingTaken" };
      }
      const before = stocks.get(item) ?? 0;
      const stock = before + quantity;
      if (stock < 0) return { outcome: "outOfStock", stock: before };
      stocks.set(item, stock);
      bookings.set(booking, { item, quantity, stock });
      return { outcome: "booked", stock };
    },
    query: (query) =>
      "item" in query ? (stocks.get(query.item) ?? 0) : bookings.get(query.booking),
    snapshot: () =>
      writeJsonSnapshot({ stocks: [...stocks], bookings: [...bookings] } satisfies Snapshot),
    async restore(source) {
      const snapshot = (await readJsonSnapshot(source)) as Snapshot;
      stocks = new Map(snapshot.stocks);
      bookings = new Map(snapshot.bookings);
    },
  };
}
