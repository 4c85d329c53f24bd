// Calls of any size, and core's answers to any part of them in any order, against a model that knows
// commands one by one: each command ends as the model says, once.
import fc from "fast-check";
import { test } from "vitest";
import { Model } from "./support/proposals-model.js";

type Step = (model: Model) => void;
const small = fc.nat(12);
const call = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean()).map(
  ([size, waits]): Step =>
    (model) =>
      model.call(size, waits),
);
const answer = fc
  .tuple(
    fc.constantFrom(0, 0, 0, 1, 5),
    fc.integer({ min: 1, max: 12 }),
    fc.constantFrom("accept", "accept", "accept", "reject", "giveBack", "lose"),
  )
  .map(
    ([skipped, count, how]): Step =>
      (model) =>
        model.answer(skipped, count, how),
  );
const applyOne = fc.tuple(fc.boolean(), fc.boolean()).map(
  ([isCommand, newTerm]): Step =>
    (model) =>
      model.apply(isCommand, newTerm),
);
const applyMany = fc.integer({ min: 1, max: 9 }).map((count): Step => (model) => {
  for (let i = 0; i < count; i++) model.apply(true, false);
});
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: call },
  { weight: 5, arbitrary: fc.constant<Step>((model) => model.take()) },
  { weight: 7, arbitrary: answer },
  { weight: 1, arbitrary: applyOne },
  { weight: 4, arbitrary: applyMany },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 4 }).map(
      (entries): Step =>
        (model) =>
          model.restore(entries),
    ),
  },
  {
    weight: 1,
    arbitrary: small.map(
      (number): Step =>
        (model) =>
          model.expire(number),
    ),
  },
);

test("each command ends as it would alone, and in the order of its call", () => {
  fc.assert(
    fc.property(
      fc.array(steps, { minLength: 20, maxLength: 80 }),
      fc.integer({ min: 1, max: 20 }),
      (all, window) => {
        const model = new Model(window);
        for (const step of all) {
          step(model);
          model.check();
        }
        model.end();
        model.check();
      },
    ),
    { numRuns: 200 },
  );
});
