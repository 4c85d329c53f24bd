// Values as short text for messages. Never throws, whatever it is given: deep, cyclic or hostile
// values too. What can't be seen is escaped: two strings that differ must look different, and a
// report must not move the cursor of the terminal that shows it.
import { inspect } from "node:util";

const TEXT_CHARACTERS_MAX = 300;
/**
 * Controls, formats, halves of surrogate pairs, marks that combine, separators: whatever a reader
 * can't see or can't tell from something else. A plain space and the ends of lines stay.
 */
const UNPRINTABLE = /(?![ \n])[\p{C}\p{M}\p{Z}]/gu;

/** Escapes what can't be seen: `\u{feff}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

export function show(value: unknown): string {
  let text: string;
  try {
    if (value instanceof Error) text = `${value.name}: ${value.message}`;
    else {
      text = inspect(value, {
        depth: 4,
        breakLength: Infinity,
        compact: true,
        maxArrayLength: 40,
        maxStringLength: 100,
      });
    }
  } catch {
    text = `a ${typeof value} that can't be shown`;
  }
  return printable(
    text.length > TEXT_CHARACTERS_MAX ? `${text.slice(0, TEXT_CHARACTERS_MAX)}…` : text,
  );
}

/** What was thrown, as an error: anything can be thrown. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error(`${show(thrown)} was thrown, which is no error`, { cause: thrown });
}
