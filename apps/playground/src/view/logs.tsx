// The logs as the run has them now.
import { EntryKind } from "@raftkit/core";
import type { LogPicture } from "@raftkit-app/views";
import { LogTable } from "@raftkit-app/views";
import type { JSX } from "preact";
import type { NodePicture } from "../model/picture.js";
import { useChanges } from "./hooks.js";
import type { Store } from "./store.js";
import { roleText } from "./words.js";

const COLUMNS_MAX = 60;

export function Logs({ store }: { readonly store: Store }): JSX.Element {
  useChanges(store);
  return <LogTable logs={store.picture.nodes.map(logOf)} columnsMax={COLUMNS_MAX} />;
}

function logOf(node: NodePicture): LogPicture {
  const { id, term, state, base, entries, commitIndex, appliedIndex, durableIndex } = node;
  return {
    id,
    term,
    role: roleText(node),
    state,
    baseIndex: base.index,
    entries: entries.map((entry) => ({
      ...entry,
      label: entry.kind === EntryKind.configuration ? "config" : entry.text,
    })),
    commitIndex,
    appliedIndex,
    durableIndex,
  };
}
