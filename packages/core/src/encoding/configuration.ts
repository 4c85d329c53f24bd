// Configurations as the data of log entries: JSON in printable ASCII, so that the pure core can
// write and read them.
import { withRejoining } from "../members.js";
import type { Configuration, EntryRun, Index, NodeId, Server } from "../types.js";
import { EntryKind, holdsKind, readEntries } from "./entry.js";
import { isValidAddress, isValidId, isValidIncarnation } from "./identifier-checks.js";

/**
 * All lists of a configuration together. More than anyone uses, and few enough for the header of a
 * message (frame.ts).
 */
export const MEMBERS_MAX = 100;

export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const { clusterInstance, voters, learners, outgoing, rejoining = [] } = configuration;
  const lists = {
    clusterInstance,
    voters: voters.map(plain),
    learners: learners.map(plain),
    outgoing: outgoing.map(plain),
  };
  const text = JSON.stringify(withRejoining(lists, rejoining));
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function plain({ id, incarnation, address }: Server): Server {
  return { id, incarnation, address };
}

/** @returns undefined when the bytes are not a configuration. */
export function decodeConfiguration(data: Uint8Array): Configuration | undefined {
  let text = "";
  for (const byte of data) text += String.fromCharCode(byte);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const parts: Partial<Record<string, unknown>> = { ...value };
  const { clusterInstance, voters, learners, outgoing, rejoining } = parts;
  return configurationOf(clusterInstance, voters, learners, outgoing, rejoining);
}

/**
 * At least one voter; nobody twice in a list, nor as voter and learner; one incarnation and address
 * to an id in all lists, but that of a learner that rejoins and of the voter that it replaces; and
 * one id to an address. Only learners rejoin.
 * @returns undefined where these are no parts of a configuration
 */
export function configurationOf(
  clusterInstance: unknown,
  voters: unknown,
  learners: unknown,
  outgoing: unknown,
  rejoining: unknown = [],
): Configuration | undefined {
  if (typeof clusterInstance !== "string" || !isValidIncarnation(clusterInstance)) return undefined;
  if (!isServerList(voters) || !isServerList(learners) || !isServerList(outgoing)) return undefined;
  if (!isIdList(rejoining)) return undefined;
  const size = voters.length + learners.length + outgoing.length;
  const isOne =
    voters.length > 0 &&
    size <= MEMBERS_MAX &&
    areDistinct([...voters, ...learners].map(({ id }) => id)) &&
    areDistinct(outgoing.map(({ id }) => id)) &&
    areDistinct(rejoining) &&
    rejoining.every((id) => learners.some((learner) => learner.id === id)) &&
    agree([...voters, ...learners], outgoing, rejoining);
  if (!isOne) return undefined;
  return withRejoining({ clusterInstance, voters, learners, outgoing }, rejoining);
}

function areDistinct(ids: readonly NodeId[]): boolean {
  return new Set(ids).size === ids.length;
}

function agree(
  present: readonly Server[],
  outgoing: readonly Server[],
  rejoining: readonly NodeId[],
): boolean {
  const byId = new Map(present.map((server) => [server.id, server]));
  const idOf = new Map<string, NodeId>();
  for (const { id, address } of [...present, ...outgoing]) {
    if ((idOf.get(address) ?? id) !== id) return false;
    idOf.set(address, id);
  }
  return outgoing.every((server) => {
    const { id, incarnation, address } = byId.get(server.id) ?? server;
    return (
      rejoining.includes(id) || (incarnation === server.incarnation && address === server.address)
    );
  });
}

function isIdList(value: unknown): value is readonly NodeId[] {
  return Array.isArray(value) && value.every((id) => typeof id === "string");
}

function isServerList(value: unknown): value is readonly Server[] {
  return Array.isArray(value) && value.every(isServer);
}

function isServer(value: unknown): value is Server {
  return (
    typeof value === "object" &&
    value !== null &&
    "id" in value &&
    typeof value.id === "string" &&
    isValidId(value.id) &&
    "incarnation" in value &&
    typeof value.incarnation === "string" &&
    isValidIncarnation(value.incarnation) &&
    "address" in value &&
    typeof value.address === "string" &&
    isValidAddress(value.address)
  );
}

/** @returns undefined when an entry claims to be a configuration and is none */
export function configurationsIn(
  run: EntryRun,
): { index: Index; configuration: Configuration }[] | undefined {
  if (!holdsKind(run, EntryKind.configuration)) return [];
  const found = [];
  for (const entry of readEntries(run)) {
    if (entry.kind !== EntryKind.configuration) continue;
    const configuration = decodeConfiguration(entry.data);
    if (!configuration) return undefined;
    found.push({ index: entry.index, configuration });
  }
  return found;
}
