// Explains a verdict in words and a small diagram. Text only; decides nothing.
import type { Model, Operation, Verdict } from "./types.js";

const COLUMNS_MAX = 60;
/** More operations than this are no help to a reader; the verdict has them all. */
const ROWS_MAX = 30;

/**
 * A readable text without a newline at its end. A violation comes with a picture of its smallest
 * part: time goes right, in order but not to scale.
 */
export function explain<State, Input, Output>(
  verdict: Verdict<Input, Output>,
  model: Model<State, Input, Output>,
): string {
  if (verdict.kind === "ok") return `linearizable: ${countOf(verdict.operations, "operation")}`;
  const where = verdict.part === "" ? "" : `part ${JSON.stringify(verdict.part)}: `;
  if (verdict.kind === "undecided") {
    return `undecided: ${where}no order found, none excluded, after ${countOf(verdict.steps, "step")}; a larger limit may decide it (maxSteps, or --max-steps)`;
  }
  const { smallest, related, operations } = verdict;
  // The latest ones: the contradiction comes to light at the end.
  const shown = smallest.slice(-ROWS_MAX);
  const alsoShown = related.slice(-ROWS_MAX);
  const draw = drawing([...shown, ...alsoShown], model);
  const lines = [
    `not linearizable: ${where}no order explains ${smallest.length === 1 ? "this 1" : `these ${smallest.length}`} of ${countOf(operations, "operation")}`,
    "",
    ...more(smallest, shown),
    ...shown.map(draw),
  ];
  if (related.length > 0) {
    lines.push(
      "",
      "Nor does it help to add these, each of which could give one of the answers:",
      "",
      ...more(related, alsoShown),
      ...alsoShown.map(draw),
    );
  }
  return lines.join("\n");
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function more(all: readonly unknown[], shown: readonly unknown[]): readonly string[] {
  return all.length > shown.length ? [`  ... ${all.length - shown.length} earlier ones`] : [];
}

/** @returns how to draw one line; all lines share their columns */
function drawing<S, I, O>(
  operations: readonly Operation<I, O>[],
  model: Model<S, I, O>,
): (operation: Operation<I, O>) => string {
  const times = [
    ...new Set(
      operations.flatMap(({ invoked, completed }) =>
        completed === Infinity ? [invoked] : [invoked, completed],
      ),
    ),
  ].sort((a, b) => a - b);
  const gap = Math.max(1, Math.min(4, Math.floor(COLUMNS_MAX / times.length)));
  const column = new Map(times.map((time, i) => [time, i * gap]));
  const width = times.length * gap + 1;
  const clients = Math.max(...operations.map(({ client }) => client.length));
  return (operation) => {
    const { client, invoked, completed } = operation;
    const start = column.get(invoked) ?? 0;
    const end = completed === Infinity ? width - 1 : (column.get(completed) ?? 0);
    const bar =
      start === end ? "|" : `[${"=".repeat(end - start - 1)}${completed === Infinity ? ">" : "]"}`;
    const span = completed === Infinity ? `${invoked}..` : `${invoked}..${completed}`;
    return `  ${client.padEnd(clients)}  ${(" ".repeat(start) + bar).padEnd(width)}  ${describe(operation, model)}  (${span})`;
  };
}

function describe<S, I, O>(
  { input, output, completed }: Operation<I, O>,
  model: Model<S, I, O>,
): string {
  const answer = completed === Infinity ? undefined : output;
  return (
    model.describe?.(input, answer) ??
    `${JSON.stringify(input)} -> ${completed === Infinity ? "?" : JSON.stringify(output)}`
  );
}
