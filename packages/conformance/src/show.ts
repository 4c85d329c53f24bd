// Values as short text for messages. Never throws, whatever it is given: deep, cyclic or hostile
// values too.
import { inspect } from "node:util";

const TEXT_CHARACTERS_MAX = 300;

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
  text = printable(text);
  return text.length > TEXT_CHARACTERS_MAX ? `${text.slice(0, TEXT_CHARACTERS_MAX)}…` : text;
}

/** What a terminal would obey or hide is spelt out; line ends stay. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    character === "\n" ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** What was thrown, as an error: anything can be thrown. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error(`${show(thrown)} was thrown, which is no error`, { cause: thrown });
}
