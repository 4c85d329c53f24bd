// The fields of a command in a golden file, such as `term=2` or `log=1x3,2`, and what they mean.

export type Fields = ReadonlyMap<string, string>;

export function numberOf(fields: Fields, name: string): number | undefined {
  const value = fields.get(name);
  return value === undefined ? undefined : Number(value);
}

/** `1x3,2` → 1, 1, 1, 2. */
export function parseTerms(text: string): number[] {
  return text === ""
    ? []
    : text.split(",").flatMap((part) => {
        const [term, count] = part.split("x");
        return Array.from({ length: Number(count ?? 1) }, () => Number(term));
      });
}
