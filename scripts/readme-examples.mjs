// What a README shows: its examples (the blocks fenced as `ts`), and what each says that it prints.
// Reads text, runs nothing.

/** @param {string} readme @returns {string[]} */
export function examplesIn(readme) {
  return [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ""]) => code);
}

/**
 * What the comments promise: the one behind a `console.log(…)`, or the lines of comment right below
 * it.
 * @param {string} code
 * @returns {string | undefined} undefined: nothing is promised
 */
export function promisedOutput(code) {
  /** @type {string[]} */
  const promised = [];
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
