// What operators do in a run, beside all other faults. Data is deleted here alone, and never that
// of a majority: a node that is removed or replaced loses it once the configuration without it is
// committed; a node that rejoins, once a majority of the committed configuration's voters, without
// this one and without any that has another directory than the configuration names, has everything
// (confirmOthersHoldLog); one command at a time, the next only when the one before is finished.
// What the processes' faults take away, they give back, and not of a node that is claimed here.
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../../errors.js";
import { MAX_NODES } from "../../supervisor/layout.js";
import { whoCanBeAsked } from "../../supervisor/member-host.js";
import { askChange, UnknownMember } from "../../supervisor/member-requests.js";
import type { Lingering } from "../processes/configuration-record.js";
import { nodeName } from "./fault-names.js";
import { INSIST_MS } from "./member-fault-options.js";
import type { MemberFaultsOptions } from "./member-fault-options.js";
import { findLeader } from "./nemesis.js";
import type { FaultOutcome } from "./nemesis.js";
import type { Attempt } from "./operator.js";
import { deal, nodesAt } from "./present-nodes.js";
import type { MemberPlan } from "./schedule.js";
import { stuckTransfer } from "./stuck-transfer.js";
import { twoAdministrators } from "./two-administrators.js";

const FEWEST_VOTERS = 3;
const silent = (): void => {};

export class MemberFaults {
  /** Nodes that ran on after they had left. */
  readonly lingering: Lingering[] = [];
  readonly #options: MemberFaultsOptions;

  constructor(options: MemberFaultsOptions) {
    this.#options = options;
  }

  /** @returns undefined: there was nobody whom it could be about */
  async carryOut(plan: MemberPlan): Promise<FaultOutcome | undefined> {
    const { operator, signal } = this.#options;
    if ((await operator.finish(INSIST_MS)) !== undefined) return undefined;
    try {
      return await this.#command(plan);
    } catch (error) {
      signal.throwIfAborted();
      // Nobody answered while it was looked for somebody whom it could be about.
      if (error instanceof ClusterError) return undefined;
      throw error;
    }
  }

  async #command(plan: MemberPlan): Promise<FaultOutcome | undefined> {
    const { operator } = this.#options;
    const { commands } = operator;
    switch (plan.kind) {
      case "add":
        return this.#add();
      case "remove":
      case "remove-leader":
        return this.#withVictim(plan, (id) => this.#remove(id, plan.durationMs));
      case "replace":
      case "replace-leader":
        await this.#makeRoom();
        return this.#withVictim(plan, (id) =>
          this.#adding(() => operator.insist(() => commands.replace(id, silent), INSIST_MS)),
        );
      case "rejoin":
        return this.#withVictim(plan, (id) =>
          operator.insist(() => commands.wipe(id, silent), INSIST_MS),
        );
      case "transfer":
        return this.#transfer(plan);
      case "transfer-stuck":
        return stuckTransfer(plan, await this.#candidates(plan), this.#options);
      case "rolling-restart":
        return this.#rollingRestart();
      case "two-administrators":
        if (!(await this.#canSpareOne())) return undefined;
        await this.#makeRoom();
        return this.#adding(async () =>
          twoAdministrators(await this.#candidates(plan), this.#options),
        );
    }
  }

  async #rollingRestart(): Promise<FaultOutcome> {
    const { operator, fleet } = this.#options;
    const restart = async (): Promise<string> => {
      // Whose data is away would be started without it.
      const claims = fleet.present().map((node) => fleet.claim(node));
      try {
        if (claims.every(Boolean)) return await operator.commands.rollingRestart(silent);
        throw new ClusterError("REFUSED", "a node's data is away");
      } finally {
        for (const release of claims) release?.();
      }
    };
    return outcome("all", await operator.insist(restart, INSIST_MS));
  }

  async #add(): Promise<FaultOutcome> {
    await this.#makeRoom();
    return outcome("", await this.#addOne());
  }

  #addOne(): Promise<Attempt<string>> {
    const { operator } = this.#options;
    return this.#adding(() => operator.insist(() => operator.commands.add(silent), INSIST_MS));
  }

  /**
   * Nobody takes the data of whoever comes meanwhile: each try that fails ends its process and
   * deletes what it has, and the next one starts it with what is there.
   */
  async #adding<T>(work: () => Promise<T>): Promise<T> {
    const { fleet } = this.#options;
    const present = new Set(fleet.present());
    const absent = Array.from({ length: MAX_NODES }, (_, node) => node).filter(
      (node) => !present.has(node),
    );
    const claims = absent.map((node) => fleet.claim(node));
    try {
      return await work();
    } finally {
      for (const release of claims) release?.();
    }
  }

  /** Removes a follower where there is no room for one more. */
  async #makeRoom(): Promise<void> {
    const { operator, nodes, fleet } = this.#options;
    const most = Math.min(MAX_NODES - 1, nodes + 2);
    const voters = await operator.voters();
    if (voters.length < most && fleet.present().length < MAX_NODES) return;
    const leader = this.#options.observer.leader();
    for (const node of voters.filter((voter) => voter !== leader)) {
      const release = fleet.claim(node);
      if (!release) continue;
      await operator.insist(() => operator.commands.remove(nodeName(node), silent), INSIST_MS);
      release();
      return;
    }
  }

  /** Adds one first where too few would be left. @returns whether there are enough */
  async #canSpareOne(): Promise<boolean> {
    const { operator, nodes } = this.#options;
    const fewest = Math.max(FEWEST_VOTERS, nodes - 1);
    if ((await operator.voters()).length > fewest) return true;
    return "done" in (await this.#addOne());
  }

  /** Voters that may be chosen, in the plan's order; those who run first. */
  async #candidates({ nodes: order }: MemberPlan): Promise<readonly number[]> {
    const { fleet, operator, nodes } = this.#options;
    const voters = await operator.voters();
    const present = nodesAt(deal(fleet.present(), nodes), order);
    return present
      .filter((node) => voters.includes(node))
      .toSorted((a, b) => Number(fleet.isUp(b)) - Number(fleet.isUp(a)));
  }

  /** One voter, claimed meanwhile, and never one that leaves too few. */
  async #withVictim(
    plan: MemberPlan,
    work: (id: string) => Promise<Attempt<string>>,
  ): Promise<FaultOutcome | undefined> {
    const { fleet } = this.#options;
    if (plan.kind.startsWith("remove") && !(await this.#canSpareOne())) return undefined;
    const wantsLeader = plan.kind.endsWith("-leader");
    const leader = await findLeader(this.#options);
    const all = await this.#candidates(plan);
    const victim = all.find((node) => !wantsLeader || node === leader);
    const release = victim === undefined ? undefined : fleet.claim(victim);
    if (victim === undefined || !release) return undefined;
    const led = victim === leader ? ` (${nodeName(victim)} led)` : "";
    try {
      return outcome(`${nodeName(victim)}${led}`, await work(nodeName(victim)));
    } finally {
      release();
    }
  }

  /** It runs on for a while after it has left: it must disturb nobody. */
  async #remove(id: string, lingersMs: number): Promise<Attempt<string>> {
    const { operator, signal } = this.#options;
    const left = await operator.insist(async () => {
      const via = await whoCanBeAsked(operator.host, id);
      await askChange(via, { remove: [id] }, silent, signal).catch((error: unknown) => {
        if (!(error instanceof UnknownMember)) throw error;
      });
    }, INSIST_MS);
    if ("failed" in left) return left;
    const fromMs = Date.now();
    await sleep(lingersMs, undefined, { signal });
    this.lingering.push({ id, fromMs, toMs: Date.now() });
    return operator.insist(() => operator.commands.remove(id, silent), INSIST_MS);
  }

  async #transfer(plan: MemberPlan): Promise<FaultOutcome | undefined> {
    const { operator, fleet } = this.#options;
    const leader = await findLeader(this.#options);
    const to = (await this.#candidates(plan)).find((node) => node !== leader && fleet.isUp(node));
    if (to === undefined) return undefined;
    const attempt = await operator.insist(async () => {
      const { leaderId, term } = await operator.commands.transfer(nodeName(to));
      return `${leaderId} leads in term ${term}`;
    }, INSIST_MS);
    return outcome(nodeName(to), attempt);
  }
}

/** As the report shows it. */
function outcome(target: string, attempt: Attempt<string>): FaultOutcome {
  const { tries } = attempt;
  const often = tries === 1 ? "" : ` (${tries} tries)`;
  return "done" in attempt
    ? { target, effect: `${attempt.done}${often}`, tookEffect: true }
    : { target, effect: `not done: ${attempt.failed}${often}`, tookEffect: false };
}
