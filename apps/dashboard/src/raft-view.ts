// The shape of what a server says of its node, for whoever asks one.
import { z } from "zod";
import type { RaftView } from "./view.js";

const ids = z.array(z.string());
const index = z.int().min(0);
const histogram = z.object({ bounds: z.array(z.number()), counts: z.array(z.number()) });

export const raftViewSchema: z.ZodType<RaftView> = z.object({
  role: z.enum(["follower", "preCandidate", "candidate", "leader"]).nullable(),
  term: index,
  leaderId: z.string().nullable(),
  lastIndex: index,
  durableIndex: index,
  commitIndex: index,
  lastApplied: index,
  baseIndex: index,
  snapshot: z.object({ index, bytes: z.number() }).nullable(),
  configuration: z.object({ voters: ids, learners: ids, outgoing: ids }).nullable(),
  configurationIndex: index,
  configurationCommitted: z.boolean(),
  peers: z.array(
    z.object({
      id: z.string(),
      matchIndex: index,
      nextIndex: index,
      lastContactMs: z.number(),
      install: z.object({ writtenBytes: z.number(), bytes: z.number() }).nullable(),
    }),
  ),
  log: z.array(z.object({ index, term: index, label: z.string(), text: z.string() })),
  figures: z.object({
    messages: z.object({ received: index, sent: index }),
    commit: histogram,
    sync: histogram,
  }),
});
