// The logs, one below the other, with what is committed, applied and on disk.
import type { JSX } from "preact";
import { termClass } from "./class-names.js";

export interface LogEntryPicture {
  readonly index: number;
  readonly term: number;
  /** Short: it is shown in a small box. */
  readonly label: string;
  /** All that is known of its command. */
  readonly text: string;
}

export interface LogPicture {
  readonly id: string;
  readonly term: number;
  /** In words. */
  readonly role: string;
  /** `down` and `failed` are pale. */
  readonly state: string;
  /** A snapshot covers the entries up to here. */
  readonly baseIndex: number;
  readonly entries: readonly LogEntryPicture[];
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly durableIndex: number;
}

/** @param columnsMax older entries are left out of the picture */
export function LogTable({
  logs,
  columnsMax,
}: {
  readonly logs: readonly LogPicture[];
  readonly columnsMax: number;
}): JSX.Element {
  const lastIndex = Math.max(...logs.map(lastIndexOf), 1);
  const firstIndex = Math.max(1, lastIndex - columnsMax + 1);
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
            {logs.map((log) => (
              <Row key={log.id} log={log} firstIndex={firstIndex} lastIndex={lastIndex} />
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

function lastIndexOf({ baseIndex, entries }: LogPicture): number {
  return entries.at(-1)?.index ?? baseIndex;
}

function Row({
  log,
  firstIndex,
  lastIndex,
}: {
  readonly log: LogPicture;
  readonly firstIndex: number;
  readonly lastIndex: number;
}): JSX.Element {
  const { id, term, role, state, baseIndex } = log;
  const shown = log.entries.filter(({ index }) => index >= firstIndex);
  const missing = lastIndex - Math.max(firstIndex - 1, lastIndexOf(log));
  const covered = Math.max(0, Math.min(baseIndex, lastIndex) - firstIndex + 1);
  const unknown = (shown[0]?.index ?? lastIndex - missing + 1) - firstIndex - covered;
  return (
    <tr class={state}>
      <th scope="row">
        <span class={`badge ${termClass(term)}`}>{id}</span> <small>{role}</small>
      </th>
      {covered > 0 && (
        <td colSpan={covered}>
          <span class="entry snapshot" title={`A snapshot covers everything up to ${baseIndex}`}>
            {covered > 1 ? `snapshot up to ${baseIndex}` : "snap"}
          </span>
        </td>
      )}
      {unknown > 0 && <td colSpan={unknown} />}
      {shown.map((entry) => (
        <td key={entry.index}>
          <Entry entry={entry} log={log} />
        </td>
      ))}
      {missing > 0 && (
        <td colSpan={missing}>
          {shown.length === 0 && covered === 0 && (
            <small class="ends">ends at {lastIndexOf(log)}</small>
          )}
        </td>
      )}
      <td class="filler" />
    </tr>
  );
}

function Entry({
  entry: { index, term, label, text },
  log: { commitIndex, appliedIndex, durableIndex },
}: {
  readonly entry: LogEntryPicture;
  readonly log: LogPicture;
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
      {label}
      <span class="hidden"> {fate}</span>
    </span>
  );
}
