// A log entry in words, for people who look at the log.
import type { EntryView } from "@raftkit-app/dashboard";
import type { Codec, Entry } from "@raftkit/core";
import { EntryKind } from "@raftkit/core";

/** Larger commands aren't decoded. */
const BYTES_MAX = 4096;
const LABEL_CHARS = 11;
const TEXT_CHARS = 120;

export function entryView(codec: Codec, { index, term, kind, data }: Entry): EntryView {
  const text = shortened(textOf(codec, kind, data), TEXT_CHARS);
  const label = kind === EntryKind.configuration ? "config" : shortened(text, LABEL_CHARS);
  return { index, term, label, text };
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function textOf(codec: Codec, kind: EntryKind, data: Uint8Array): string {
  if (kind === EntryKind.noop) return "no-op";
  if (kind === EntryKind.configuration) return "configuration";
  if (kind === EntryKind.clock) return "clock";
  if (data.length > BYTES_MAX) return `${data.length} B`;
  const command: unknown = codec.decode(data);
  if (!Array.isArray(command)) return "command";
  const parts: readonly unknown[] = command;
  // Sessions distinguish their commands by the number of parts.
  if (parts.length === 0) return "opens a session";
  if (parts.length === 2) return "closes a session";
  return kvText(parts.at(-1));
}

function kvText(command: unknown): string {
  if (!Array.isArray(command)) return "command";
  const [kind, key, value]: readonly unknown[] = command;
  if (kind === 0) return `${String(key)}=${value instanceof Uint8Array ? utf8(value) : ""}`;
  return kind === 1 ? `del ${String(key)}` : "batch";
}

function utf8(bytes: Uint8Array): string {
  // Control characters would break the line.
  return new TextDecoder().decode(bytes).replaceAll(/\p{C}/gu, "·");
}
