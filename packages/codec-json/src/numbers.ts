// Finds numbers in JSON text that JSON.parse would change silently: 9007199254740993 becomes
// ...992. A number of up to 15 digits always comes back as written; a longer one must be in the
// digits that `encode` writes.

const LONG_NUMBER = /[\d.]{16}/;
const NUMBERS = /-?\d[\d.eE+-]*/g;

/** @returns the first number that loses digits. `text` must be valid JSON. */
export function findInexactNumber(text: string): string | undefined {
  if (!LONG_NUMBER.test(text)) return undefined;
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    for (const [literal] of text.slice(at, end).matchAll(NUMBERS)) {
      if (LONG_NUMBER.test(literal) && String(Number(literal)) !== literal) return literal;
    }
    at = quote < 0 ? end : endOfString(text, quote);
  }
  return undefined;
}

/** The position behind the string that starts at `quote`. */
function endOfString(text: string, quote: number): number {
  let end = text.indexOf('"', quote + 1);
  for (; end >= 0; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text[first - 1] === "\\") first--;
    if ((end - first) % 2 === 0) return end + 1;
  }
  return text.length;
}
