// What a watch was told, as it is kept for the check, now and later.
import { z } from "zod";

const changeSchema = z.object({
  type: z.literal("change"),
  index: z.number(),
  key: z.string(),
  /** Null: deleted. */
  value: z.string().nullable(),
});

/** In place of the changes behind `after`, up to `index`. */
const listSchema = z.object({
  type: z.literal("list"),
  after: z.number(),
  index: z.number(),
  entries: z.array(z.object({ key: z.string(), value: z.string(), index: z.number() })),
});

const recordSchema = z.object({
  name: z.string(),
  prefix: z.string(),
  /** As they came. */
  items: z.array(z.discriminatedUnion("type", [changeSchema, listSchema])),
  /** Nothing up to here is missing, as the nodes said. */
  position: z.number(),
  /** Streams that went on behind the last id. */
  resumptions: z.number(),
  /** What no server should say, in words. */
  wrong: z.array(z.string()),
});

export const watchRecordsSchema = z.array(recordSchema);

export type WatchRecord = z.infer<typeof recordSchema>;
export type WatchedItem = WatchRecord["items"][number];
export type WatchedChange = z.infer<typeof changeSchema>;
export type WatchedList = z.infer<typeof listSchema>;

/** Of all watches together. */
export interface WatchCounts {
  readonly changes: number;
  readonly resumptions: number;
  readonly lists: number;
}

export function countWatched(records: readonly WatchRecord[]): WatchCounts {
  const items = records.flatMap((record) => record.items);
  const lists = items.filter(({ type }) => type === "list").length;
  return {
    changes: items.length - lists,
    resumptions: records.reduce((sum, { resumptions }) => sum + resumptions, 0),
    lists,
  };
}
