// The cluster's directory: who made it, with which options, and who is using it. It never deletes
// or writes into a directory that isn't the cluster's own, and never lets nodes open data that was
// created with other options.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ClusterError } from "../errors.js";
import { layOut, placeOf } from "./layout.js";
import type { NodePlace } from "./layout.js";
import type { MemberRecord, Unfinished } from "./member-host.js";
import type { UpOptions } from "./up-options.js";
import {
  entriesOf,
  holdDirectory,
  makeDirectory,
  parseJson,
  refuseIfInUse,
  writeWhole,
} from "./owned-directory.js";

/** Its presence says that the directory is ours. */
const MARKER = "raftkit-cluster.json";
const NOTE = "Made by the raftkit test cluster; `up --fresh` deletes this directory's contents.";

/**
 * What the stored data depends on. Addresses, in the transport's notation, are in the nodes' logs.
 */
const createdSchema = z.object({
  nodes: z.int(),
  codec: z.string(),
  clusterId: z.string(),
  transport: z.string(),
  peerBase: z.int(),
});
const unfinishedSchema: z.ZodType<Unfinished> = z.object({
  command: z.enum(["add", "replace", "wipe"]),
  node: z.string().nullable(),
  added: z.int().nullable(),
  incarnation: z.string().optional(),
});
const markerSchema = z.object({
  note: z.string(),
  created: createdSchema.nullable(),
  /** The numbers of the nodes, if some were added or removed. */
  members: z.array(z.int()).optional(),
  unfinished: unfinishedSchema.optional(),
});
type Marker = z.infer<typeof markerSchema>;
type Created = z.infer<typeof createdSchema>;

const NOTHING: Marker = { note: NOTE, created: null };

const flags: Readonly<Record<keyof Created, string>> = {
  nodes: "--nodes",
  codec: "--codec",
  clusterId: "--cluster-id",
  transport: "--transport",
  peerBase: "--peer-base",
};

/**
 * Makes the directory ready for nodes that use these options.
 * @returns lets go of it
 * @throws {ClusterError} it isn't ours, is in use, or was created with other options
 */
export function takeDataDirectory(options: UpOptions): () => void {
  const { data, fresh, storage } = options;
  const marker = join(data, MARKER);
  makeDirectory(data, "--data");
  const entries = entriesOf(data, "--data");
  if (entries.length > 0 && !entries.includes(MARKER)) {
    throw new ClusterError(
      "DATA_NOT_OURS",
      `${data} has files but no ${MARKER}, so it isn't a cluster's; nothing was touched, choose another --data`,
    );
  }
  refuseIfInUse(data, "--data");
  if (fresh) empty(data, entries);
  const read = existsSync(marker) ? readMarker(marker) : NOTHING;
  const { created: found } = read;
  const { nodes, codec, clusterId, transport, peerBase } = options;
  const given: Created = { nodes, codec, clusterId, transport, peerBase };
  if (storage === "file" && found !== null) refuseIfDifferent(data, found, given);
  writeWhole(marker, { ...read, created: storage === "file" ? given : found });
  makeDirectory(join(data, "logs"), "--data");
  return holdDirectory(data);
}

/** The nodes as they were when the cluster ended: `up` starts these. */
export function placesIn(options: UpOptions): NodePlace[] {
  const initial = layOut(options).map(({ number }) => number);
  const { members = initial, unfinished } = recorded(options);
  const added = unfinished?.added ?? null;
  const numbers = added === null ? members : [...new Set([...members, added])];
  return numbers
    .toSorted((a, b) => a - b)
    .map((number) => {
      const place = placeOf(number, options);
      const isWiped = unfinished?.command === "wipe" && unfinished.node === place.id;
      return isWiped ? { ...place, beginning: "rejoins" } : place;
    });
}

/** With storage in memory it isn't written: the data is gone with the cluster. */
export function memberRecord(options: UpOptions): MemberRecord {
  const marker = join(options.data, MARKER);
  let { unfinished } = recorded(options);
  return {
    get unfinished() {
      return unfinished;
    },
    keep(members, left) {
      unfinished = left;
      if (options.storage !== "file") return;
      writeWhole(marker, { ...readMarker(marker), members, unfinished });
    },
  };
}

function recorded({ data, storage, fresh }: UpOptions): Pick<Marker, "members" | "unfinished"> {
  if (storage === "memory" || fresh) return {};
  // A problem with the directory is reported when it is opened.
  return markerSchema.safeParse(parseJson(join(data, MARKER))).data ?? {};
}

function readMarker(file: string): Marker {
  const parsed = markerSchema.safeParse(parseJson(file));
  if (parsed.success) return parsed.data;
  throw new ClusterError(
    "DATA_NOT_OURS",
    `${file} can't be read as a cluster's marker; choose another --data, or start over with --fresh`,
  );
}

function refuseIfDifferent(data: string, created: Created, given: Created): void {
  const names = ["nodes", "codec", "clusterId", "transport", "peerBase"] as const;
  const different = names.filter((name) => created[name] !== given[name]);
  if (different.length === 0) return;
  const list = (of: Created): string =>
    different.map((name) => `${flags[name]} ${of[name]}`).join(" ");
  throw new ClusterError(
    "DATA_DIFFERS",
    `${data} was created with ${list(created)}, given ${list(given)}; use what it was created with, another --data, or --fresh to delete it`,
  );
}

/**
 * The marker goes last: what is left of a deletion that was cut short is still known to be ours.
 */
function empty(data: string, entries: readonly string[]): void {
  for (const name of entries) {
    if (name !== MARKER) rmSync(join(data, name), { recursive: true, force: true });
  }
  rmSync(join(data, MARKER), { force: true });
}
