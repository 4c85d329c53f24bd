// Messages of the library, in words of the command line.
import { expect, test } from "vitest";
import { inFlags } from "../src/cli/flags.js";

test("the library's messages name flags", () => {
  const cases: readonly (readonly [message: string, named: string])[] = [
    ["Its limit, the option maxLogBytes, is 12", "Its limit, --max-log-bytes, is 12"],
    ["check the cluster id (createNode's cluster.id)", "check the cluster id (--cluster-id)"],
    ["check the node id (createNode's id)", "check the node id (--id)"],
    ["check the codec (createNode's codec)", "check the codec (--codec)"],
    ["half of electionTimeoutMs.min (75)", "half of --election-timeout-ms.min (75)"],
    ["give cluster.alone: true at this first start", "give --alone at this first start"],
    ["start it with cluster.join and rejoin: true", "start it with --join and --rejoin"],
    ["name n4 in a changeMembership call", "name n4 in a POST /v1/cluster/members call"],
    ["its log, and node.member() there", "its log, and GET /readyz there"],
    ["the codec of n1, its id and its data", "the codec of n1, its id and its data"],
  ];
  for (const [message, named] of cases) expect(inFlags(message)).toBe(named);
});
