// Runs one scenario in the tree that this file is in, for `mutations.ts`. Arguments: the rule, and
// how many seeds. Prints one line of JSON: how the first seed failed that did.
import { scenarios } from "./all.js";

const [rule, seeds] = process.argv.slice(2);
const scenario = scenarios.find((one) => one.rule === rule);
if (!scenario) throw new Error(`no scenario for ${rule}`);
let failure: string | undefined;
for (let seed = 1; seed <= Number(seeds) && failure === undefined; seed++) {
  try {
    await scenario.run(seed);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
}
console.log(JSON.stringify({ failure }));
