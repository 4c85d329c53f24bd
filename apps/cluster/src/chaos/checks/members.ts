// What a run's members have to satisfy: their configurations, the nodes that have left, and what
// those hold who are members at the end.
import type { MemberRecord } from "../processes/member-record.js";
import type { Check } from "./check.js";
import { some } from "./check.js";
import { checkConfigurations } from "./configurations.js";
import type { FinalState } from "./final-state.js";

export function checkMembers(record: MemberRecord, { nodes }: FinalState): Check[] {
  const { errors, committed } = checkConfigurations(record.configurations);
  const unread = record.final.filter((id) => !nodes.some((node) => node.id === id));
  const unsettled = [
    ...record.unfinished,
    ...unread.map((id) => `${id} is a member, and what it holds isn't known`),
  ];
  return [
    {
      name: "one change at a time",
      ok: errors.length === 0 && committed > 0,
      detail:
        errors.length > 0
          ? some(errors)
          : `${committed} committed configurations, the same on all nodes, each one step from the one before`,
    },
    {
      name: "members settled",
      ok: unsettled.length === 0,
      detail:
        unsettled.length > 0
          ? some(unsettled)
          : `${record.final.join(", ")} vote at the end, nobody else is running, and each was read`,
    },
    {
      name: "who left disturbs nobody",
      ok: record.termsBegunOutside.length === 0,
      detail:
        record.termsBegunOutside.length > 0
          ? some(record.termsBegunOutside)
          : `nodes that ran on after they had left: ${record.lingered}; none began a term`,
    },
  ];
}
