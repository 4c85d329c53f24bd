// What a mistyped environment variable was probably meant to be; commander does the flags.
import { closest, distance } from "fastest-levenshtein";

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
    const meant = nearest(variable.toUpperCase(), names);
    return meant === undefined
      ? []
      : [
          `unknown environment variable ${variable}; did you mean ${meant}? Set that, or unset this one; --help lists all`,
        ];
  });
}

/** At most two edits away, fewer for short names, or what `text` is the beginning of. */
function nearest(text: string, names: readonly string[]): string | undefined {
  const length = text.length - PREFIX.length;
  const near = closest(text, [...names]);
  if (distance(text, near) <= Math.min(2, Math.max(1, Math.floor(length / 4)))) return near;
  return names.find((name) => length > 1 && name.startsWith(text));
}
