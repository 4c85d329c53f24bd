// One changed place in a source: what the rules and the mutants put into copies of the packages.

export interface SourceMutation {
  /** From the root of the repository. */
  readonly file: string;
  /** Occurs there exactly once. */
  readonly find: string;
  readonly replace: string;
  /** What goes wrong with it. */
  readonly why: string;
}

/**
 * @returns the source with the mutation in it
 * @throws its place isn't there exactly once
 */
export function applyMutation(source: string, { file, find, replace }: SourceMutation): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(
      `${file} holds ${JSON.stringify(find)} ${after === undefined ? 0 : more.length + 1} times; a mutation's place must be there exactly once`,
    );
  }
  return before + replace + after;
}
