// The dashboard of a running cluster: what it shows, and what it lets people do.
import type { Hono } from "hono";
import { addFaults } from "../supervisor/fault-routes.js";
import { Links } from "../supervisor/links.js";
import type { ResolveNode } from "../supervisor/control-api.js";
import type { MemberCommands } from "../supervisor/member-commands.js";
import type { Supervisor } from "../supervisor/supervisor.js";
import { Chaos } from "./chaos.js";
import type { ChaosProgram } from "./chaos.js";
import { DashboardFeed } from "./feed.js";
import { addKeys } from "./key-routes.js";
import { Load } from "./load.js";
import { addPage } from "./page-routes.js";
import { addTrials } from "./trial-routes.js";

export interface Dashboard {
  /** Something has changed. */
  look(): void;
  addRoutes(app: Hono, resolveNode: ResolveNode, members: MemberCommands): void;
  /** Resolves once nothing of what it started is left. */
  stop(): Promise<void>;
}

export interface DashboardOptions {
  readonly chaos: ChaosProgram;
  /** Of the nodes; false: they keep everything in memory. */
  readonly haveDisks: boolean;
}

export function createDashboard(
  supervisor: Supervisor,
  { chaos: chaosProgram, haveDisks }: DashboardOptions,
): Dashboard {
  let members: MemberCommands | undefined;
  const nodes: Supervisor["nodes"] = () => supervisor.nodes();
  const look = (): void => feed.look();
  const links = new Links(supervisor);
  const load = new Load(nodes);
  const chaos = new Chaos(chaosProgram, look);
  const feed = new DashboardFeed(nodes, () => ({
    cuts: links.cuts,
    underWay: members?.underWay ?? null,
    load: load.view,
    chaos: chaos.view,
  }));
  return {
    look,
    addRoutes(app, resolveNode, commands) {
      members = commands;
      addPage(app, feed);
      addKeys(app, nodes, feed);
      addFaults(app, resolveNode, { supervisor, links, haveDisks }, look);
      addTrials(app, load, chaos, look);
    },
    async stop() {
      feed.close();
      load.stop();
      await chaos.stop();
    },
  };
}
