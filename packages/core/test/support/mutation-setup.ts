// For `npm run proof -- mutation`: a failing property is failing. On a mutant nobody needs the smallest
// example, which takes the longest.
import fc from "fast-check";

fc.configureGlobal({ endOnFailure: true });
