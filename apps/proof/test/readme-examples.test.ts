// What a README promises to print is read as a reader would.
import { expect, test } from "vitest";
import { examplesIn, promisedOutput } from "../src/packages/readme-examples.js";

test("examples are the blocks fenced as ts, and no others", () => {
  expect(examplesIn("a\n```ts\none;\n```\n```js\ntwo;\n```\n```ts\nthree;\n```\n")).toEqual([
    "one;\n",
    "three;\n",
  ]);
});

test.each([
  ["behind a call", "const a = 1; // not this\nconsole.log(a); // 1\n", "1"],
  [
    "below a call, in several lines, some empty",
    "console.log(text);\n//   a  [==]\n//\n// b\nconsole.log(2);\n  // 2\n",
    "  a  [==]\n\nb\n2",
  ],
  ["below a call in a condition", "if (x) console.log(x);\n// y\n", "y"],
])("a promise %s is taken", (_, code, promised) => {
  expect(promisedOutput(code)).toBe(promised);
});

test.each([
  ["nothing is printed", "// a remark\nrun();\n"],
  ["nothing is said of what is printed", "console.log(1);\nrun();\n// a remark\n"],
])("where %s, nothing is promised", (_, code) => {
  expect(promisedOutput(code)).toBeUndefined();
});
