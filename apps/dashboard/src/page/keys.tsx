// The keys and their values, as they change; put and delete.
import type { JSX } from "preact";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { KeyList, KEYS_MAX, write } from "./key-list.js";
import type { KeyItem } from "./key-list.js";

export function Keys(): JSX.Element {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [problem, setProblem] = useState("");
  const frame = useRef(0);
  const list = useRef<KeyList | undefined>(undefined);
  list.current ??= new KeyList(() => {
    // Many changes are drawn at once.
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => redraw(undefined));
  });
  const keys = list.current;
  useEffect(() => {
    keys.open("");
    return () => keys.close();
  }, []);
  const change = (key: string, value: string | null): void =>
    void write(key, value).then(setProblem);
  const { items } = keys;
  return (
    <section class="card keys" aria-labelledby="keys-title">
      <div class="row">
        <h2 id="keys-title">Keys</h2>
        <label>
          that begin with{" "}
          <input
            type="text"
            value={keys.prefix}
            onInput={({ currentTarget }) => keys.open(currentTarget.value)}
          />
        </label>
        <PutForm onPut={change} />
      </div>
      {(problem || keys.problem) && <p class="failure">{problem || keys.problem}</p>}
      {items.length === 0 ? (
        <p class="quiet">There are none.</p>
      ) : (
        <div class="scroll" tabindex={0} role="region" aria-label="Keys and values">
          <table>
            <thead>
              <tr>
                <th scope="col">Key</th>
                <th scope="col">Value</th>
                <th scope="col">Index</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {items.map((item) => (
                <Row key={item.key} item={item} onDelete={() => change(item.key, null)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {keys.hasMore && <p class="quiet">These are the first {KEYS_MAX}.</p>}
    </section>
  );
}

/** Keyed by its index, too: a change is seen as one. */
function Row({
  item: { key, value, index },
  onDelete,
}: {
  readonly item: KeyItem;
  readonly onDelete: () => void;
}): JSX.Element {
  return (
    <tr key={index} class="changed">
      <th scope="row">{key}</th>
      <td class="value">{value}</td>
      <td class="number">{index}</td>
      <td>
        <button type="button" onClick={onDelete} aria-label={`Delete ${key}`}>
          Delete
        </button>
      </td>
    </tr>
  );
}

function PutForm({ onPut }: { readonly onPut: (key: string, value: string) => void }): JSX.Element {
  const key = useRef<HTMLInputElement>(null);
  const value = useRef<HTMLInputElement>(null);
  return (
    <form
      class="put"
      onSubmit={(event) => {
        event.preventDefault();
        onPut(key.current?.value ?? "", value.current?.value ?? "");
      }}
    >
      <label>
        Key <input type="text" ref={key} required />
      </label>
      <label>
        Value <input type="text" ref={value} />
      </label>
      <button type="submit">Put</button>
    </form>
  );
}
