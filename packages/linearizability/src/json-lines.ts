// Histories as text: one JSON object per line, its form shown in the README. Reads line by line and
// says what is wrong in which one. Knows nothing of files.
import { HistoryError } from "./errors.js";
import type { KeyValueInput, KeyValueOutput } from "./models/key-value.js";
import type { RegisterInput, RegisterOutput } from "./models/register.js";
import type { Operation } from "./types.js";

/** A longer line is refused: it is no operation, and must not fill the memory. */
export const LINE_LENGTH_MAX = 1_048_576;

/** How the fields of a line that belong to a model are told apart from those of every operation. */
export interface Format<Input, Output> {
  /**
   * @returns the input and the answer, which is undefined if there is none @throws {HistoryError}
   * saying which field is wrong
   */
  parse(
    fields: Readonly<Record<string, unknown>>,
    isUnknown: boolean,
  ): { readonly input: Input; readonly output: Output | undefined };
}

/** What `readHistory` gives: an operation, and the number of its line, from 1. */
export interface NumberedOperation<Input, Output> {
  readonly line: number;
  readonly operation: Operation<Input, Output>;
}

/**
 * Reads operations from text in pieces of any size, such as a file's stream. Empty lines are
 * skipped.
 * @throws {HistoryError} naming the line and what is wrong with it
 */
export async function* readHistory<Input, Output>(
  text: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
  format: Format<Input, Output>,
): AsyncGenerator<NumberedOperation<Input, Output>> {
  let line = 0;
  for await (const content of linesOf(text)) {
    line++;
    try {
      if (content.trim() !== "") yield { line, operation: parseOperation(content, format) };
    } catch (error) {
      throw error instanceof HistoryError
        ? new HistoryError(`line ${line}: ${error.message}`)
        : error;
    }
  }
}

/**
 * One operation from one line.
 * @throws {HistoryError} saying which field is wrong
 */
export function parseOperation<Input, Output>(
  line: string,
  format: Format<Input, Output>,
): Operation<Input, Output> {
  const fields = objectOf(line);
  const { client, invoked, completed = null } = fields;
  if (typeof client !== "string" || client === "") {
    throw new HistoryError(`"client" is ${shown(client)}; it must be a text`);
  }
  if (typeof invoked !== "number" || !Number.isFinite(invoked)) {
    throw new HistoryError(`"invoked" is ${shown(invoked)}; it must be a number`);
  }
  if (completed !== null && (typeof completed !== "number" || !Number.isFinite(completed))) {
    throw new HistoryError(
      `"completed" is ${shown(completed)}; it must be a number, or null for an unknown outcome`,
    );
  }
  if (completed !== null && completed < invoked) {
    throw new HistoryError(`"completed" (${completed}) is earlier than "invoked" (${invoked})`);
  }
  const { input, output } = format.parse(fields, completed === null);
  return {
    client,
    invoked,
    completed: completed ?? Infinity,
    input,
    ...(output !== undefined && { output }),
  };
}

/** The line for an operation of one of the models here, without a newline. */
export function formatOperation({
  client,
  invoked,
  completed,
  input,
  output,
}: Operation<KeyValueInput, KeyValueOutput> | Operation<RegisterInput, RegisterOutput>): string {
  const isUnknown = completed === Infinity;
  return JSON.stringify({
    client,
    invoked,
    completed: isUnknown ? null : completed,
    ...input,
    ...(!isUnknown && output !== undefined && { result: output }),
  });
}

function objectOf(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new HistoryError(`it is not JSON: ${line.length > 60 ? `${line.slice(0, 60)}…` : line}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new HistoryError(`it is ${shown(value)}; it must be an object`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** For messages. */
export function shown(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}

async function* linesOf(
  text: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  let line = 0;
  const decode = (piece?: Uint8Array) => {
    try {
      return decoder.decode(piece, { stream: piece !== undefined });
    } catch {
      throw new HistoryError(`line ${line + 1} or one soon after it is not UTF-8`);
    }
  };
  for await (const piece of text) {
    const lines = (rest + (typeof piece === "string" ? piece : decode(piece))).split("\n");
    rest = lines.pop() ?? "";
    for (const complete of lines) {
      line++;
      yield complete;
    }
    if (rest.length > LINE_LENGTH_MAX) {
      throw new HistoryError(`line ${line + 1}: it has more than ${LINE_LENGTH_MAX} characters`);
    }
  }
  rest += decode();
  if (rest !== "") yield rest;
}
