// One `changeMembership` call: derives the next step towards the wanted members from the result of
// the one before. A step names the index of the configuration that it changes, so that of two
// administrators one wins. The index is enough: no leader has another entry at a committed index
// (decision 0049).
import type { Configuration, Index, MembershipVerdict, NodeId } from "@raftkit/core";
import type { ChangedMembership, MembershipProgress } from "./api-members.js";
import { MembershipChangeFailed } from "./errors.js";
import type { Failure, Obstacle } from "./membership-failures.js";
import { MAY_HAPPEN, NOT_COMMITTED, obstacleOf, refusalOf } from "./membership-failures.js";
import type { MemberLists } from "./member-lists.js";
import {
  areOnlyMoved,
  areSame,
  changesVoters,
  listsBefore,
  listsOf,
  listsText,
  newcomers,
  without,
} from "./member-lists.js";
import { PendingCall } from "./pending-call.js";

/** The latest committed configuration that this node knows. */
export interface CommittedView {
  readonly configuration: Configuration;
  readonly index: Index;
  /** Whether it isn't joint, and no later one is in force. */
  readonly isSettled: boolean;
  /** Of the one in force. */
  readonly latestIndex: Index;
}

export interface WantedChange extends MemberLists {
  readonly expected: Index;
}

type Verdict = MembershipVerdict | { readonly type: "unknown" };
interface Step {
  /** New voters become learners; then the wanted change. Or learners are removed again. */
  readonly kind: "learn" | "change" | "takeOut";
  readonly from: MemberLists;
  readonly to: MemberLists;
  /** What it changes. Another one with the same members has been changed, and changed back. */
  base: { readonly configuration: Configuration; readonly index: Index };
}

/** What a call needs from its node. */
export interface ChangeContext {
  readonly target: MemberLists;
  readonly expected: Index | undefined;
  /** It gives up after this long without progress. */
  readonly patienceMs: number;
  now(): number;
  /** Undefined before there is one. */
  view(): CommittedView | undefined;
  /** Why no leader can be asked, as the end of a sentence; undefined: one is known. */
  leaderless(): string | undefined;
  onProgress(progress: MembershipProgress): void;
  resolve(changed: ChangedMembership): void;
  reject(error: MembershipChangeFailed): void;
  /** It has ended. */
  onEnd(call: MembershipChange): void;
}

export class MembershipChange extends PendingCall {
  readonly #node: ChangeContext;
  /** This node may not know yet everything that earlier leaders appended. */
  isBehind = true;
  /** Of the first step. */
  #basis: MemberLists | undefined;
  #hasBegun = false;
  #step: Step | undefined;
  /** Nothing is known until this entry is committed. */
  #awaitedIndex: Index = 0;
  /** A step from this entry was passed to core, and its outcome is unknown. */
  #openFrom: Index | undefined;
  /** The leader's answer to an earlier request for that step was lost. */
  #isUnanswered = false;
  /** The leader has accepted the present step, or may have. */
  #isTaken = false;
  #isAsked = false;
  #isPausing = false;
  #obstacle: Obstacle | undefined;
  /** The fewest nodes that were unknown. */
  #leastUnknown = Infinity;
  /** The least that each new voter lacked, and the most of a snapshot that it had. */
  readonly #best = new Map<NodeId, { readonly gap: number; readonly bytes: number }>();
  #movedAt: number;
  #told = "";
  /** Learners that this call added, or may have. */
  #added: readonly NodeId[] = [];
  /** The call gave up, and removes what it added. */
  #failure: Failure | undefined;

  constructor(node: ChangeContext) {
    super();
    this.#node = node;
    this.#movedAt = node.now();
  }

  /** Another node leads: its entries decide, and this node doesn't know them yet. */
  onNewLeader(): void {
    this.isBehind = true;
  }

  /** The steps that earlier leaders accepted are committed, or will never be. */
  onCaughtUp(): void {
    this.isBehind = false;
    this.#awaitedIndex = 0;
    // A later configuration may be the one that was asked for, and can't be taken back.
    const isLatest = this.#node.view()?.latestIndex === this.#openFrom;
    if (isLatest && !this.#isAsked) {
      this.#openFrom = undefined;
      this.#isTaken = false;
    }
  }

  /** The next input for core, if any. */
  next(): WantedChange | undefined {
    const view = this.#node.view();
    if (this.settled || this.isBehind || this.#isAsked || !view) return undefined;
    this.#basis ??= listsBefore(view.configuration);
    if (!view.isSettled && this.#openFrom === undefined) {
      this.#obstacle = { type: "inProgress", index: view.latestIndex };
    }
    if (!view.isSettled || view.index < this.#awaitedIndex) return undefined;
    this.#awaitedIndex = 0;
    if (this.#openFrom !== undefined && view.index > this.#openFrom) this.#openFrom = undefined;
    this.#look(listsOf(view.configuration), view);
    if (this.settled || !this.#step || this.#isPausing) return undefined;
    if (this.#node.leaderless() !== undefined) return undefined;
    this.#isAsked = true;
    if (this.#openFrom !== view.index) this.#isUnanswered = false;
    this.#openFrom = view.index;
    return { ...this.#step.to, expected: view.index };
  }

  /** The committed configuration is the step's result or its origin; or someone else was faster. */
  #look(now: MemberLists, view: CommittedView): void {
    const step = this.#step;
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      if (!this.#fits(now, view)) return;
    } else if (step && areSame(now, step.to)) this.#onStepDone(step, view);
    else if (step && areOnlyMoved(step.base.configuration, view.configuration)) {
      step.base = view;
      this.#isTaken = false;
    } else if (step && step.base.index !== view.index) {
      if (this.#failure) this.#giveUp(this.#leftText(now));
      else this.#failStale("someone else changed the members meanwhile", now, view);
    }
    if (!this.settled) this.#step ??= this.#plan(now, view);
  }

  /** Whether the configuration to change is still in force. */
  #fits(now: MemberLists, view: CommittedView): boolean {
    const { expected, target } = this.#node;
    if (areSame(now, target)) return true;
    if (expected !== undefined && expected !== view.index) {
      this.#failStale(`the change was meant for the configuration at index ${expected}`, now, view);
    } else if (this.#basis && !areSame(now, this.#basis)) {
      this.#failStale("someone else changed the members meanwhile", now, view);
    }
    return !this.settled;
  }

  #onStepDone({ kind, from, to }: Step, { index }: CommittedView): void {
    // Another call for the same members may have done it: what that one added is no matter of this.
    const mayBeOwn = this.#isTaken;
    this.#step = undefined;
    this.#openFrom = undefined;
    this.#isTaken = false;
    this.#moved();
    if (kind === "learn") {
      const ids = without(to.learners, from.learners);
      if (mayBeOwn) this.#added = ids;
      this.#tell({ step: "learning", ids, index });
    } else if (kind === "takeOut") {
      this.#tell({ step: "takenOut", ids: this.#added });
      this.#giveUp(`${this.#added.join(", ")} was made a learner for it, and was removed again`);
    }
  }

  #plan(now: MemberLists, base: CommittedView): Step | undefined {
    const { configuration, index } = base;
    const { target } = this.#node;
    const to = (learners: readonly NodeId[]): MemberLists => ({ voters: now.voters, learners });
    // Somebody else may have finished it, or changed what was added, since it was given up.
    if (this.#failure && !areSame(now, target)) {
      const learners = without(now.learners, this.#added);
      if (learners.length < now.learners.length) {
        return { kind: "takeOut", from: now, to: to(learners), base };
      }
      this.#giveUp(this.#leftText(now));
      return undefined;
    }
    const ids = newcomers(now, target);
    if (ids.length > 0) {
      return { kind: "learn", from: now, to: to([...now.learners, ...ids]), base };
    }
    if (!areSame(now, target)) return { kind: "change", from: now, to: target, base };
    this.#tell({ step: "done", index });
    if (this.end()) this.#node.resolve({ configuration, configurationIndex: index });
    return undefined;
  }

  onVerdict(verdict: Verdict): void {
    this.#isAsked = false;
    if (verdict.type === "accepted") {
      this.#onAccepted(verdict.index);
      return;
    }
    this.#isPausing = true;
    // Without an answer the leader may still accept it, as long as it has answered nothing later; and
    // what it says was changed may be just that.
    const mayBeOwn = verdict.type === "stale" || verdict.type === "inProgress";
    if (verdict.type === "unknown") {
      this.#isUnanswered = true;
      this.#isTaken = true;
    } else if (!(mayBeOwn && this.#isUnanswered)) {
      this.#openFrom = undefined;
      this.#isTaken = false;
    }
    switch (verdict.type) {
      case "stale":
      case "inProgress":
        // It may be this call's own entry, for which the leader's answer was lost.
        this.#awaitedIndex = verdict.index;
        if (verdict.type === "inProgress") this.#obstacle = verdict;
        break;
      case "noVoter":
      case "tooMany":
      case "duplicate":
        this.#fail(refusalOf(verdict));
        break;
      case "unknownServer":
      case "notCaughtUp":
      case "unreachable":
        this.#onObstacle(verdict);
        break;
      default:
    }
  }

  #onAccepted(index: Index): void {
    const step = this.#step;
    this.#awaitedIndex = index;
    this.#isTaken = true;
    this.#obstacle = undefined;
    this.#moved();
    if (step && changesVoters(step.from, step.to)) this.#tell({ step: "joint", index });
  }

  #onObstacle(obstacle: Obstacle): void {
    this.#obstacle = obstacle;
    if (obstacle.type === "unknownServer") {
      const { ids } = obstacle;
      if (ids.length < this.#leastUnknown) this.#moved();
      this.#leastUnknown = Math.min(this.#leastUnknown, ids.length);
      this.#tell({ step: "waiting", ids });
    } else if (obstacle.type === "unreachable") {
      this.#tell({ step: "unreachable", ids: obstacle.ids });
    } else if (obstacle.type === "notCaughtUp") {
      const { id, matchIndex, lastIndex, writtenBytes, bytes } = obstacle;
      const gap = lastIndex - matchIndex;
      const best = this.#best.get(id) ?? { gap: Infinity, bytes: 0 };
      if (gap < best.gap || writtenBytes > best.bytes) {
        const bytes = Math.max(writtenBytes, best.bytes);
        this.#best.set(id, { gap: Math.min(gap, best.gap), bytes });
        this.#moved();
      }
      const install = bytes === 0 ? null : { writtenBytes, bytes };
      this.#tell({ step: "catchingUp", id, matchIndex, lastIndex, install });
    }
  }

  /** Time has passed: a refused step is retried, or given up. */
  onTick(): void {
    this.#isPausing = false;
    const { patienceMs } = this.#node;
    if (this.#node.now() - this.#movedAt < patienceMs) return;
    if (this.#failure) {
      this.#giveUp(this.#leftText());
      return;
    }
    const failure = this.#failureNow(`no progress for ${patienceMs} ms: `);
    const canTakeOut =
      this.#added.length > 0 &&
      this.#openFrom === undefined &&
      this.#node.leaderless() === undefined;
    if (!canTakeOut) {
      this.#fail(failure);
      return;
    }
    this.#failure = failure;
    this.#step = undefined;
    this.#moved();
  }

  #failureNow(begin: string): Failure {
    const leaderless = this.#node.leaderless();
    if (leaderless !== undefined) {
      return { reason: "noLeader", why: `${begin}no leader is known${leaderless}`, ids: [] };
    }
    if (this.#awaitedIndex > 0 && this.#obstacle?.type !== "inProgress") {
      return { reason: "timeout", why: begin + NOT_COMMITTED, ids: [] };
    }
    const failure = obstacleOf(this.#obstacle);
    return { ...failure, why: begin + failure.why };
  }

  #moved(): void {
    this.#movedAt = this.#node.now();
  }

  #tell(progress: MembershipProgress): void {
    const told = JSON.stringify(progress);
    if (told === this.#told) return;
    this.#told = told;
    this.#node.onProgress(progress);
  }

  #failStale(what: string, now: MemberLists, { index }: CommittedView): void {
    const made = this.#added.length > 0 ? `made ${this.#added.join(", ")} a learner` : "";
    const sent =
      this.#step && this.#isTaken
        ? `sent the leader a step to ${listsText(this.#step.to)}, which may have been in force before that`
        : "";
    const parts = [made, sent].filter((part) => part !== "");
    const done = parts.length === 0 ? "Nothing was done" : `This call ${parts.join(", and ")}`;
    const why = `${what}; the present one, at index ${index}, has ${listsText(now)}. ${done}; check whether that is enough, and call again if not`;
    this.#fail({ reason: "stale", why, ids: [] });
  }

  #fail(failure: Failure, options?: { cause?: unknown }): void {
    this.#failure = failure;
    this.#giveUp(this.#leftText(), options);
  }

  /** The learners that remain. */
  #leftText(now?: MemberLists): string {
    const view = now ? undefined : this.#node.view();
    const { learners = [] } = now ?? (view && listsOf(view.configuration)) ?? {};
    const left = this.#added.filter((id) => learners.includes(id));
    return left.length === 0
      ? ""
      : `${left.join(", ")} remains a learner: the same call continues from there, and any call that doesn't name it removes it`;
  }

  #giveUp(rest: string, options?: { cause?: unknown }): void {
    const failure = this.#failure;
    if (!failure || !this.end()) return;
    const { configuration, index = 0 } = this.#node.view() ?? {};
    const mayHappen = this.#openFrom !== undefined;
    const parts = [failure.why, mayHappen ? MAY_HAPPEN : "", rest];
    const message = parts.filter((part) => part !== "").join("; ");
    const state = { ids: failure.ids, mayHappen, configuration, configurationIndex: index };
    this.#node.reject(new MembershipChangeFailed(failure.reason, message, state, options));
  }

  protected override end(): boolean {
    if (!super.end()) return false;
    this.#node.onEnd(this);
    return true;
  }

  override expire(): void {
    const { why, ids } = this.#failureNow("the change timed out: ");
    this.#fail({ reason: "timeout", why, ids });
  }

  override abort(cause: unknown): void {
    this.#fail({ reason: "aborted", why: "the change was aborted", ids: [] }, { cause });
  }

  /** The node has ended. */
  close(reason: "closing" | "failed", why: string, options?: { cause?: unknown }): void {
    this.#fail({ reason, why, ids: [] }, options);
  }
}
