// What a mistyped name was probably meant to be.

export function unknownFlag(raw: string, names: readonly string[]): string {
  const bare = raw.replace(/^-+/, "");
  const meant = nearest(bare, names, Math.min(3, bare.length - 1));
  return `unknown option ${raw}; ${meant === undefined ? "" : `did you mean --${meant}? `}--help lists all`;
}

const PREFIX = "RAFTKIT_";

/**
 * Other programs may have variables with this prefix, so only what is close to a known name is
 * refused. Empty ones count as unset.
 */
export function wrongVariables(
  environment: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): string[] {
  return Object.entries(environment).flatMap(([variable, text]) => {
    if (text === undefined || text === "" || names.includes(variable)) return [];
    if (!variable.toUpperCase().startsWith(PREFIX)) return [];
    const bare = variable.slice(PREFIX.length).toUpperCase();
    const meant = nearest(
      bare,
      names.map((name) => name.slice(PREFIX.length)),
      Math.min(2, Math.max(1, Math.floor(bare.length / 4))),
    );
    return meant === undefined
      ? []
      : [
          `unknown environment variable ${variable}; did you mean ${PREFIX}${meant}? Set that, or unset this one; --help lists all`,
        ];
  });
}

/** At most `distance` edits away, or what `text` is the beginning of. */
function nearest(text: string, names: readonly string[], distance: number): string | undefined {
  const [near] = names
    .map((name) => ({ name, distance: editDistance(text, name) }))
    .toSorted((a, b) => a.distance - b.distance);
  if (near !== undefined && near.distance <= distance) return near.name;
  return names.find((name) => text.length > 1 && name.startsWith(text));
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
