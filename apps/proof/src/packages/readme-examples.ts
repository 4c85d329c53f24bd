// What a README shows: its examples (the blocks fenced as `ts`), and what each says that it prints.
// Reads text, runs nothing.

export function examplesIn(readme: string): string[] {
  return [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ""]) => code);
}

/**
 * What the comments promise: the one behind a `console.log(…)`, or the lines of comment right below
 * it.
 * @returns undefined: nothing is promised
 */
export function promisedOutput(code: string): string | undefined {
  const promised: string[] = [];
  let follows = false;
  for (const line of code.split("\n").map((text) => text.trim())) {
    const [, below] = /^\/\/ ?(.*)$/.exec(line) ?? [];
    const [, behind] = /\bconsole\.log\(.*\); \/\/ (.*)$/.exec(line) ?? [];
    if (follows && below !== undefined) promised.push(below);
    else follows = line.includes("console.log(");
    if (behind !== undefined) promised.push(behind);
  }
  return promised.length === 0 ? undefined : promised.join("\n");
}
