// Runs the scenarios of Raft's rules, then simulated clusters seed after seed, in the tree that
// this file is in, and stops at the first that fails: one line of JSON with where, seed and what
// was broken, as `found`. Arguments: what to run, then the first and the last seed, as in
// `rules,core,cluster 1 200`.
import { runPlanned } from "../cli/simulate/run-plan.js";
import { planOf } from "../plans/generate.js";
import { simulations } from "../plans/plan.js";
import { scenarios } from "../rules/all.js";

const [parts = "", first = "", last = ""] = process.argv.slice(2);

if (parts.split(",").includes("rules")) {
  for (const { rule, name, run } of scenarios) {
    try {
      await run(1);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      end({ where: "rules", seed: 1, check: `${rule}, ${name}`, message });
    }
  }
}
for (const simulation of simulations.filter((one) => parts.split(",").includes(one))) {
  for (let seed = Number(first); seed <= Number(last); seed++) {
    const { failure } = await runPlanned(planOf(seed, simulation), false);
    if (failure) end({ where: simulation, seed, check: failure.check, message: failure.message });
  }
}
end();

function end(found?: object): never {
  console.log(JSON.stringify({ found }));
  process.exit(0);
}
