// What is known of one thing, a line for each.
import type { JSX } from "preact";

/** @param of names and values */
export function Fields({
  of,
}: {
  readonly of: readonly (readonly [string, string])[];
}): JSX.Element {
  return (
    <dl>
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
