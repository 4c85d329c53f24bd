// Configurations as they stand in log entries: what is none is refused, field by field.
import { decodeConfiguration, encodeConfiguration } from "@raftkit/core";
import type { Server } from "@raftkit/core";
import { expect, test } from "vitest";
import { configurationOf } from "./support/cluster.js";

const voter = { id: "n1", incarnation: "data-directory-n1", address: "127.0.0.1:7101" };
const other = { ...voter, id: "n2", address: "127.0.0.1:7102" };

/** What would be found in an entry. */
function stored(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

const learners = [{ ...voter, id: "n3", address: "127.0.0.1:7103" }];
const whole = {
  clusterInstance: "cluster-instance-1",
  voters: [voter, other],
  learners,
  outgoing: [voter],
};

test("what was encoded is decoded", () => {
  for (const configuration of [
    configurationOf(["n1"]),
    configurationOf(["n1", "n2", "n3"]),
    configurationOf(["n1"], { learners: ["n2"], outgoing: ["n1", "n2"] }),
  ]) {
    expect(decodeConfiguration(encodeConfiguration(configuration))).toEqual(configuration);
  }
  expect(decodeConfiguration(stored(whole))).toEqual(whole);
});

test("a learner that rejoins is another directory than the outgoing voter that it replaces", () => {
  const lost = { id: "n3", incarnation: "data-directory-lost", address: "127.0.0.1:7199" };
  const rejoining = { ...whole, outgoing: [voter, lost], rejoining: ["n3"] };
  const bytes = encodeConfiguration(rejoining);
  expect([...bytes]).toEqual([...stored(rejoining)]);
  expect(decodeConfiguration(bytes)).toEqual(rejoining);
  for (const odd of [
    { rejoining: undefined },
    { rejoining: [] },
    { rejoining: ["n1"] },
    { rejoining: ["n3", "n3"] },
    { rejoining: ["n3", "n2"] },
    { rejoining: "n3" },
    { rejoining: [3] },
    { learners: [] },
    { learners: [{ ...learners[0], address: voter.address }] },
    { voters: [voter, { ...lost, address: "127.0.0.1:7103" }] },
  ]) {
    expect(decodeConfiguration(stored({ ...rejoining, ...odd })), JSON.stringify(odd)).toBe(
      undefined,
    );
  }
});

test("a configuration is its bytes and nothing behind them", () => {
  expect([...encodeConfiguration(whole)]).toEqual([...stored(whole)]);
});

test("all lists together hold a hundred members", () => {
  const servers = (first: number, count: number): Server[] =>
    Array.from({ length: count }, (_, i) => ({
      id: `n${first + i}`,
      incarnation: `data-directory-${first + i}`,
      address: `127.0.0.1:${first + i}`,
    }));
  const most = {
    ...whole,
    voters: servers(1, 50),
    learners: servers(51, 20),
    outgoing: servers(71, 30),
  };
  expect(decodeConfiguration(stored(most))).toEqual(most);
  expect(decodeConfiguration(stored({ ...most, outgoing: servers(71, 31) }))).toBeUndefined();
});

test.each([
  ["no JSON", Uint8Array.of(123)],
  ["nothing", new Uint8Array(0)],
  ["null", stored(null)],
  ["a number", stored(1)],
  ["a text with voters' name", stored("voters")],
  ["no list at all", stored({})],
  ...(["clusterInstance", "voters", "learners", "outgoing"] as const).flatMap(
    (name) =>
      [
        [`without ${name}`, stored({ ...whole, [name]: undefined })],
        [`${name} that is something else`, stored({ ...whole, [name]: { length: 1 } })],
        [`${name} with a space`, stored({ ...whole, [name]: [" "] })],
      ] as const,
  ),
  ["an instance that is too short", stored({ ...whole, clusterInstance: "abc" })],
  ["no voter", stored({ ...whole, voters: [] })],
  ["one voter that is none", stored({ ...whole, voters: [voter, null] })],
  ["a voter that is a text", stored({ ...whole, voters: ["n1"] })],
  ["a voter twice", stored({ ...whole, voters: [voter, voter] })],
  ["a learner twice", stored({ ...whole, learners: [...learners, ...learners] })],
  ["an outgoing one twice", stored({ ...whole, outgoing: [voter, voter] })],
  ["a voter that is a learner", stored({ ...whole, learners: [other] })],
  [
    "two incarnations of one id, in two halves",
    stored({ ...whole, outgoing: [{ ...voter, incarnation: "data-directory-n2" }] }),
  ],
  [
    "two addresses of one id, in two halves",
    stored({ ...whole, outgoing: [{ ...voter, address: "127.0.0.1:7199" }] }),
  ],
  [
    "two ids of one address, in two halves",
    stored({ ...whole, outgoing: [{ ...voter, id: "n9" }] }),
  ],
  ["a learner with a voter's address", stored({ ...whole, learners: [{ ...voter, id: "n9" }] })],
  ...Object.entries(voter).flatMap(
    ([name]) =>
      [
        [
          `a voter without ${name}`,
          stored({
            ...whole,
            outgoing: [],
            voters: [Object.fromEntries(Object.entries(voter).filter(([field]) => field !== name))],
          }),
        ],
        [
          `a voter whose ${name} is a list`,
          stored({
            ...whole,
            outgoing: [],
            voters: [{ ...voter, [name]: [voter[name as keyof typeof voter]] }],
          }),
        ],
        [
          `a voter whose ${name} is empty`,
          stored({ ...whole, outgoing: [], voters: [{ ...voter, [name]: "" }] }),
        ],
        [
          `a voter whose ${name} has a space in front`,
          stored({
            ...whole,
            outgoing: [],
            voters: [{ ...voter, [name]: ` ${voter[name as keyof typeof voter]}` }],
          }),
        ],
        [
          `a voter whose ${name} is too long`,
          stored({ ...whole, outgoing: [], voters: [{ ...voter, [name]: "x".repeat(257) }] }),
        ],
      ] as const,
  ),
] as const)("%s is no configuration", (_, data) => {
  expect(decodeConfiguration(data)).toBeUndefined();
});
