// Text tables for terminals. The last two columns share what is left of the width and go on below,
// broken between words; the others are as wide as their widest cell.

const GAP = 2;
const NARROWEST = 12;

/**
 * @param head the columns' titles, at least two
 * @param width in characters, of the terminal; Infinity: nothing is broken
 * @returns no line is longer than `width`, unless it is too narrow for anything
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number = Infinity,
): string {
  const natural = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)),
  );
  const widths = shareWidth(natural, width);
  return [head, ...rows]
    .map((row) => {
      const cells = head.map((_, column) => wrap(row[column] ?? "", widths[column] ?? 0));
      const height = Math.max(...cells.map((lines) => lines.length));
      return Array.from({ length: height }, (_, line) =>
        cells
          .map((lines, column) => (lines[line] ?? "").padEnd(widths[column] ?? 0))
          .join(" ".repeat(GAP))
          .trimEnd(),
      ).join("\n");
    })
    .join("\n");
}

function shareWidth(natural: readonly number[], width: number): number[] {
  const fixed = natural.slice(0, -2);
  const [left = 0, right = 0] = natural.slice(-2);
  const rest =
    width - fixed.reduce((sum, one) => sum + one, 0) - GAP * Math.max(0, natural.length - 1);
  if (left + right <= rest) return [...natural];
  const half = Math.max(NARROWEST, Math.floor(rest / 2));
  if (left <= half) return [...fixed, left, Math.max(NARROWEST, rest - left)];
  if (right <= half) return [...fixed, Math.max(NARROWEST, rest - right), right];
  return [...fixed, half, Math.max(NARROWEST, rest - half)];
}

/** Between words; what is longer than a line, behind a slash if it has one. */
function wrap(text: string, width: number): string[] {
  const words = text
    .split(" ")
    .flatMap((word, i) =>
      pieces(word, width).map((piece, j) => (i > 0 && j === 0 ? ` ${piece}` : piece)),
    );
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && line.length + word.length > width) {
      lines.push(line);
      line = word.trimStart();
    } else line += word;
  }
  return [...lines, line];
}

function pieces(word: string, width: number): string[] {
  if (word.length <= width) return [word];
  return word
    .split(/(?<=\/)/)
    .flatMap((part) => part.match(new RegExp(`.{1,${width}}`, "gs")) ?? []);
}
