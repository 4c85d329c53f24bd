// The owner of a directory, and the mark of a clean close: two small files beside the segments.
import type { Random, StorageIdentity } from "@raftkit/core";
import { isValidIncarnation } from "@raftkit/core";
import { CorruptLog, UnsupportedFormat, WrongIdentity } from "./errors.js";
import { readSmallFile, writeSmallFile } from "./file-io.js";
import type { FileSystem } from "./file-system.js";

/** The version of everything in a data directory. */
export const FORMAT = 3;
export const IDENTITY_FILE = "identity.json";
export const CLOSED_FILE = "closed.json";

/** @returns the directory's incarnation
 * @throws {WrongIdentity} @throws {UnsupportedFormat} @throws {CorruptLog} */
export async function readIdentity(
  fileSystem: FileSystem,
  directory: string,
  wanted: StorageIdentity,
): Promise<string> {
  const { content, intact } = await readSmallFile(fileSystem, directory, IDENTITY_FILE);
  const { format, clusterId, nodeId, codec, incarnation } = content as Partial<
    Record<string, unknown>
  >;
  if (typeof format === "number" && format !== FORMAT) {
    throw new UnsupportedFormat(directory, String(format), FORMAT);
  }
  if (!intact || typeof incarnation !== "string" || !isValidIncarnation(incarnation)) {
    throw new CorruptLog(`${directory}/${IDENTITY_FILE}`, 0, "its checksum is wrong");
  }
  refuseOtherNode(directory, { clusterId, nodeId }, wanted);
  if (codec !== wanted.codec) {
    throw new WrongIdentity(
      directory,
      "codec",
      String(codec),
      wanted.codec,
      "the codec (createNode's codec) and the state machine's commandFormat: what another build wrote needs that build",
    );
  }
  return incarnation;
}

/** @throws {WrongIdentity} the data is another cluster's, or another node's */
export function refuseOtherNode(
  directory: string,
  found: { readonly clusterId: unknown; readonly nodeId: unknown },
  wanted: StorageIdentity,
): void {
  if (found.clusterId !== wanted.clusterId) {
    throw new WrongIdentity(
      directory,
      "cluster",
      String(found.clusterId),
      wanted.clusterId,
      "the cluster id (createNode's cluster.id)",
    );
  }
  if (found.nodeId !== wanted.nodeId) {
    throw new WrongIdentity(
      directory,
      "node",
      String(found.nodeId),
      wanted.nodeId,
      "the node id (createNode's id)",
    );
  }
}

export async function writeIdentity(
  fileSystem: FileSystem,
  directory: string,
  { clusterId, nodeId, codec }: StorageIdentity,
  incarnation: string,
): Promise<void> {
  await writeSmallFile(fileSystem, directory, IDENTITY_FILE, {
    format: FORMAT,
    clusterId,
    nodeId,
    codec,
    incarnation,
  });
}

/** 22 characters of 6 bits each. */
export function drawIncarnation(random: Random): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return Array.from({ length: 22 }, () =>
    alphabet.charAt(Math.floor(random() * alphabet.length)),
  ).join("");
}

/** Where the log ends. After a clean close it must end exactly here. */
export interface LogEnd {
  readonly segment: number;
  readonly offset: number;
  readonly frame: number;
  readonly crc: number;
}

/** @returns undefined when the log was not closed cleanly */
export async function readLogEnd(
  fileSystem: FileSystem,
  directory: string,
  names: readonly string[],
): Promise<LogEnd | undefined> {
  if (!names.includes(CLOSED_FILE)) return undefined;
  const { content, intact } = await readSmallFile(fileSystem, directory, CLOSED_FILE);
  if (!intact) throw new CorruptLog(`${directory}/${CLOSED_FILE}`, 0, "its checksum is wrong");
  return content as LogEnd;
}

export async function writeLogEnd(
  fileSystem: FileSystem,
  directory: string,
  end: LogEnd,
): Promise<void> {
  await writeSmallFile(fileSystem, directory, CLOSED_FILE, end);
}
