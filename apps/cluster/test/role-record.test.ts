// What is concluded from what nodes say of themselves.
import { expect, test } from "vitest";
import { RoleRecord } from "../src/chaos/processes/role-record.js";
import type { NodeStatus } from "../src/supervisor/node-status.js";

const says = (role: string, term: number): NodeStatus => ({
  role,
  term,
  leaderId: null,
  lastIndex: 1,
  commitIndex: 1,
  lastApplied: 1,
});

test("a change is noted once, silence too; the first word always", () => {
  const record = new RoleRecord();
  record.note(1, 0, undefined);
  record.note(2, 0, undefined);
  record.note(3, 0, says("follower", 2));
  record.note(4, 0, says("follower", 2));
  record.note(5, 0, says("follower", 3));
  record.note(6, 0, undefined);
  expect(record.changes).toEqual([
    { atMs: 1, node: 0, role: "silent", term: 0 },
    { atMs: 3, node: 0, role: "follower", term: 2 },
    { atMs: 5, node: 0, role: "follower", term: 3 },
    { atMs: 6, node: 0, role: "silent", term: 3 },
  ]);
});

test("who leads in the highest term is the leader, until it says something else or nothing", () => {
  const record = new RoleRecord();
  expect(record.leader()).toBeUndefined();
  record.note(1, 2, says("leader", 4));
  record.note(2, 0, says("leader", 5));
  record.note(3, 1, says("follower", 9));
  expect(record.leader()).toBe(0);
  record.note(4, 0, undefined);
  expect(record.leader()).toBe(2);
  record.note(5, 2, says("follower", 5));
  expect(record.leader()).toBeUndefined();
  expect(record.leadershipTerms()).toBe(2);
});

test("two leaders in one term are seen, also when they say so one after the other", () => {
  const record = new RoleRecord();
  record.note(1, 0, says("leader", 3));
  record.note(2, 0, says("follower", 3));
  expect(record.termsWithTwoLeaders()).toEqual([]);
  record.note(3, 1, says("leader", 3));
  record.note(4, 1, says("leader", 4));
  expect(record.termsWithTwoLeaders()).toEqual(["term 3: n1 and n2"]);
});
