// Says once how much of the suites this run proves.
import { whatRuns } from "./support/whole.js";

export function setup(): void {
  console.log(whatRuns);
}
