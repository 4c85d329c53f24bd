// Runs the scenarios of Raft's rules, then simulated clusters seed after seed, in the tree that this
// file is in, and stops at the first that fails: one line of JSON with tier, seed and what was
// broken. Arguments: what to run, then the first and the last seed, as in `rules,1,2 1 200`.

/** @typedef {import("../../apps/proof/src/plans/plan.js").Plan} Plan */
/** @typedef {import("../../apps/proof/src/plans/plan.js").RunPlan} RunPlan */

const [tiers = "", first = "", last = ""] = process.argv.slice(2);
const built = (/** @type {string} */ path) =>
  import(new URL(`../../apps/proof/dist/${path}.js`, import.meta.url).href);

if (tiers.split(",").includes("rules")) {
  /** @type {{ scenarios: readonly import("../../apps/proof/src/rules/scenario.js").Scenario[] }} */
  const { scenarios } = await built("rules/all");
  for (const { rule, name, run } of scenarios) {
    try {
      await run(1);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      console.log(JSON.stringify({ tier: "rules", seed: 1, check: `${rule}, ${name}`, message }));
      process.exit(0);
    }
  }
}
/** @type {{ planOf: (seed: number, tier: 1 | 2) => Plan }} */
const { planOf } = await built("plans/generate");

for (const tier of /** @type {const} */ ([1, 2]).filter((one) =>
  tiers.split(",").includes(String(one)),
)) {
  /** @type {RunPlan} */
  const run = (await built(`${tier === 1 ? "core" : "cluster"}-simulation/run`))[`runTier${tier}`];
  for (let seed = Number(first); seed <= Number(last); seed++) {
    const { failure } = await run(planOf(seed, tier), { fullTrace: false });
    if (failure === undefined) continue;
    console.log(JSON.stringify({ tier, seed, check: failure.check, message: failure.message }));
    process.exit(0);
  }
}
console.log("{}");
process.exit(0);
