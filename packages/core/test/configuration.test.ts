// Configurations as they stand in log entries: what is none is refused, field by field.
import { decodeConfiguration, encodeConfiguration } from "@raftkit/core";
import { expect, test } from "vitest";
import { configurationOf } from "./support/cluster.js";

const voter = { id: "n1", incarnation: "data-directory-n1", address: "127.0.0.1:7101" };
const other = { ...voter, id: "n2" };

/** What would be found in an entry. */
function stored(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

test("what was encoded is decoded", () => {
  for (const ids of [["n1"], ["n1", "n2", "n3"]]) {
    expect(decodeConfiguration(encodeConfiguration(configurationOf(ids)))).toEqual(
      configurationOf(ids),
    );
  }
  expect(decodeConfiguration(stored({ voters: [voter, other] }))).toEqual({
    voters: [voter, other],
  });
});

test("a configuration is its bytes and nothing behind them", () => {
  expect([...encodeConfiguration({ voters: [voter] })]).toEqual([...stored({ voters: [voter] })]);
});

test.each([
  ["no JSON", Uint8Array.of(123)],
  ["nothing", new Uint8Array(0)],
  ["null", stored(null)],
  ["a number", stored(1)],
  ["a text with voters' name", stored("voters")],
  ["no voters", stored({})],
  ["voters that are no list", stored({ voters: { length: 1 } })],
  ["an empty list", stored({ voters: [] })],
  ["one voter that is none", stored({ voters: [voter, null] })],
  ["a voter that is a text", stored({ voters: ["n1"] })],
  ["two of one name", stored({ voters: [voter, { ...other, id: "n1" }] })],
  ...Object.entries(voter).flatMap(
    ([name]) =>
      [
        [
          `a voter without ${name}`,
          stored({
            voters: [Object.fromEntries(Object.entries(voter).filter(([field]) => field !== name))],
          }),
        ],
        [
          `a voter whose ${name} is a list`,
          stored({ voters: [{ ...voter, [name]: [voter[name as keyof typeof voter]] }] }),
        ],
        [`a voter whose ${name} is empty`, stored({ voters: [{ ...voter, [name]: "" }] })],
        [
          `a voter whose ${name} has a space in front`,
          stored({ voters: [{ ...voter, [name]: ` ${voter[name as keyof typeof voter]}` }] }),
        ],
        [
          `a voter whose ${name} is too long`,
          stored({ voters: [{ ...voter, [name]: "x".repeat(257) }] }),
        ],
      ] as const,
  ),
] as const)("%s is no configuration", (_, data) => {
  expect(decodeConfiguration(data)).toBeUndefined();
});
