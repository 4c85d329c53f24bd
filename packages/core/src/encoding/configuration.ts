// Configurations as the data of log entries: JSON in printable ASCII, so that the pure core can
// write and read them.
import type { Configuration, EntryRun, Index, Server } from "../types.js";
import { EntryKind, inspectEntries, readEntries } from "./entry.js";
import { isValidAddress, isValidId, isValidIncarnation } from "./identifier-checks.js";

export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const text = JSON.stringify({
    voters: configuration.voters.map(({ id, incarnation, address }) => ({
      id,
      incarnation,
      address,
    })),
  });
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
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
  if (
    typeof value !== "object" ||
    value === null ||
    !("voters" in value) ||
    !Array.isArray(value.voters)
  ) {
    return undefined;
  }
  return configurationOf(value.voters);
}

/** @returns undefined where these are no voters of a configuration */
export function configurationOf(voters: readonly unknown[]): Configuration | undefined {
  return voters.length > 0 &&
    voters.every(isServer) &&
    new Set(voters.map((voter) => voter.id)).size === voters.length
    ? { voters }
    : undefined;
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
  const { kinds } = inspectEntries(run.bytes) ?? { kinds: 0 };
  if ((kinds & (1 << EntryKind.configuration)) === 0) return [];
  const found = [];
  for (const entry of readEntries(run)) {
    if (entry.kind !== EntryKind.configuration) continue;
    const configuration = decodeConfiguration(entry.data);
    if (!configuration) return undefined;
    found.push({ index: entry.index, configuration });
  }
  return found;
}
