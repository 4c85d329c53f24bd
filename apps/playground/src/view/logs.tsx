// The logs, one below the other, with what is committed, applied and on disk.
import type { JSX } from "preact";
import { EntryKind } from "@raftkit/core";
import type { NodePicture } from "../model/picture.js";
import type { LoggedEntry } from "../model/world.js";
import { useChanges } from "./hooks.js";
import type { Store } from "./store.js";
import { roleText, termClass } from "./words.js";

/** Older entries are left out of the picture. */
const COLUMNS_MAX = 60;

export function Logs({ store }: { readonly store: Store }): JSX.Element {
  useChanges(store);
  const { nodes } = store.picture;
  const lastIndex = Math.max(...nodes.map(lastIndexOf), 1);
  const firstIndex = Math.max(1, lastIndex - COLUMNS_MAX + 1);
  const indexes = Array.from({ length: lastIndex - firstIndex + 1 }, (_, i) => firstIndex + i);
  return (
    <section class="card logs" aria-labelledby="logs-title">
      <h2 id="logs-title">Logs</h2>
      <div class="scroll" tabindex={0} role="region" aria-label="Logs, entry by entry">
        <table>
          <thead>
            <tr>
              <th scope="col">Node</th>
              {indexes.map((index) => (
                <th key={index} scope="col">
                  {index}
                </th>
              ))}
              <td class="filler" />
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => (
              <Row key={node.id} node={node} firstIndex={firstIndex} lastIndex={lastIndex} />
            ))}
          </tbody>
        </table>
      </div>
      <ul class="key">
        <Sample text="x=1">term and command, committed</Sample>
        <Sample text="x=1" marks="uncommitted">
          not known to be committed
        </Sample>
        <Sample text="x=1" marks="unwritten">
          not on disk yet
        </Sample>
        <Sample text="x=1" marks="applied">
          applied
        </Sample>
        <Sample text="no-op">a leader's first entry</Sample>
        <Sample text="config">who the members are</Sample>
      </ul>
    </section>
  );
}

function Sample({
  text,
  marks = "",
  children,
}: {
  readonly text: string;
  readonly marks?: string;
  readonly children: string;
}): JSX.Element {
  return (
    <li>
      <span class={`entry term-2 sample ${marks}`} aria-hidden="true">
        <b>2</b>
        {text}
      </span>
      {children}
    </li>
  );
}

function lastIndexOf({ base, entries }: NodePicture): number {
  return entries.at(-1)?.index ?? base.index;
}

function Row({
  node,
  firstIndex,
  lastIndex,
}: {
  readonly node: NodePicture;
  readonly firstIndex: number;
  readonly lastIndex: number;
}): JSX.Element {
  const { id, base, entries, state } = node;
  const missing = lastIndex - lastIndexOf(node);
  const covered = base.index - firstIndex + 1;
  return (
    <tr class={state}>
      <th scope="row">
        <span class={`badge ${termClass(node.term)}`}>{id}</span> <small>{roleText(node)}</small>
      </th>
      {covered > 0 && (
        <td colSpan={covered}>
          <span class="entry snapshot" title={`A snapshot covers everything up to ${base.index}`}>
            {covered > 1 ? `snapshot up to ${base.index}` : "snap"}
          </span>
        </td>
      )}
      {entries
        .filter(({ index }) => index >= firstIndex)
        .map((entry) => (
          <td key={entry.index}>
            <Entry entry={entry} node={node} />
          </td>
        ))}
      {missing > 0 && <td colSpan={missing} />}
      <td class="filler" />
    </tr>
  );
}

function Entry({
  entry: { index, term, kind, text },
  node: { commitIndex, appliedIndex, durableIndex },
}: {
  readonly entry: LoggedEntry;
  readonly node: NodePicture;
}): JSX.Element {
  const marks = [
    index > commitIndex ? "uncommitted" : "",
    index <= appliedIndex ? "applied" : "",
    index > durableIndex ? "unwritten" : "",
  ].join(" ");
  const fate = index <= commitIndex ? "committed" : "not known to be committed";
  const where = index > durableIndex ? ", not on disk yet" : "";
  return (
    <span
      class={`entry ${termClass(term)} ${marks}`}
      title={`Entry ${index} of term ${term}: ${text}; ${fate}${where}`}
    >
      <b>{term}</b>
      {kind === EntryKind.configuration ? "config" : text}
      <span class="hidden"> {fate}</span>
    </span>
  );
}
