// The calls about members: `member`, which waits on this node, and `changeMembership`, which asks
// the leader for one step after another.
import type { Effect, Index, Input, NodeId, RaftStatus } from "@raftkit/core";
import { checkOptionShape, isJoint, isValidId, MEMBERS_MAX } from "@raftkit/core";
import type { ReadyOptions } from "./api-calls.js";
import type {
  ChangedMembership,
  ChangeMembershipOptions,
  Members,
  MembershipProgress,
  OwnMembership as Standing,
} from "./api-members.js";
import { CallLimits } from "./call-limits.js";
import type { NodeEnd } from "./closing.js";
import { MembershipChangeFailed, NotMember } from "./errors.js";
import type { Failure } from "./membership-failures.js";
import { refusalOf } from "./membership-failures.js";
import type { CommittedView } from "./membership-change.js";
import { MembershipChange } from "./membership-change.js";
import type { MemberLists } from "./member-lists.js";
import { namedTwice } from "./member-lists.js";
import type { News } from "./news.js";
import { wrong } from "./option-shapes.js";
import type { Settings } from "./options.js";
import { checkCallOptions } from "./options.js";
import type { OwnMembership } from "./own-membership.js";
import { MemberCall } from "./own-membership.js";

/** What these calls need from their node. */
export interface MembershipContext {
  raftStatus(): RaftStatus;
  /** Resolves once this node has applied everything that was committed at the call. */
  ready(): Promise<void>;
  /** Why there is no leader, as the end of a sentence; or "". */
  silentText(): string;
  /** Undefined while it runs. */
  readonly end: NodeEnd | undefined;
  /** Requests the end of this turn, at which core gets the waiting steps. */
  requestTurn(): void;
  onListenerFailed(name: string, error: unknown): void;
}

export class MembershipCalls {
  readonly #own: OwnMembership;
  readonly #node: MembershipContext;
  readonly #settings: Settings;
  readonly #limits: CallLimits;
  readonly #changes = new Set<MembershipChange>();
  /** By the id of the input to core. */
  readonly #asked = new Map<number, MembershipChange>();
  #lastId = 0;
  #leader = "";
  /** Of the present check of what is committed in the cluster; 0: there is none. */
  #catchingUp = 0;
  #catchUps = 0;
  #cancelTick: (() => void) | null = null;

  constructor(own: OwnMembership, settings: Settings, node: MembershipContext) {
    this.#own = own;
    this.#settings = settings;
    this.#node = node;
    this.#limits = new CallLimits(settings.clock);
  }

  member(options: ReadyOptions | undefined): Promise<Standing> {
    return new Promise((resolve, reject) => {
      checkCallOptions("member", options);
      const { end } = this.#node;
      if (end) throw new NotMember(end.reason, end.why, this.#own.answer, end.options);
      const limits = this.#limits.check(options, this.#settings.defaultTimeoutMs);
      const call = new MemberCall(this.#own, resolve, reject);
      if (limits.signal?.aborted === true) {
        call.abort(limits.signal.reason);
        return;
      }
      this.#limits.apply(call, limits);
      this.#own.add(call);
    });
  }

  change(to: Members, options: ChangeMembershipOptions | undefined): Promise<ChangedMembership> {
    return new Promise((resolve, reject) => {
      checkCallOptions("changeMembership", options);
      const target = checkMembers(to);
      const limits = this.#limits.check(options, Infinity);
      const refused = this.#refuse(target, options?.signal);
      if (refused) throw refused;
      const call = new MembershipChange({
        target,
        expected: checkExpected(options?.expected),
        patienceMs: this.#settings.defaultTimeoutMs,
        now: () => this.#settings.clock.now(),
        view: () => this.#view(),
        leaderless: () => this.#leaderless(),
        onProgress: (progress) => this.#tell(options?.onProgress, progress),
        resolve,
        reject,
        onEnd: (ended) => this.#forget(ended),
      });
      this.#limits.apply(call, limits);
      this.#changes.add(call);
      this.#cancelTick ??= this.#scheduleTick();
      this.#catchUp();
    });
  }

  /** Refusals that this node can decide alone. */
  #refuse(
    target: MemberLists,
    signal: AbortSignal | undefined,
  ): MembershipChangeFailed | undefined {
    const { end } = this.#node;
    const view = this.#view();
    const refused = ({ reason, why, ids }: Failure, cause?: unknown): MembershipChangeFailed => {
      const { configuration, index = 0 } = view ?? {};
      const state = { ids, mayHappen: false, configuration, configurationIndex: index };
      const message = `${why}; nothing was changed`;
      return new MembershipChangeFailed(
        reason,
        message,
        state,
        cause === undefined ? {} : { cause },
      );
    };
    if (end) return refused({ reason: end.reason, why: end.why, ids: [] }, end.options?.cause);
    if (signal?.aborted === true) {
      const why = "the change was aborted before the call";
      return refused({ reason: "aborted", why, ids: [] }, signal.reason);
    }
    const outside = this.#own.outside;
    if (outside !== null) {
      const why = `only members can change members, and ${outside}`;
      return refused({ reason: "notMember", why, ids: [] });
    }
    const twice = namedTwice(target);
    if (twice.length > 0) return refused(refusalOf({ type: "duplicate", ids: twice }));
    if (target.voters.length === 0) return refused(refusalOf({ type: "noVoter" }));
    const isTooMany = target.voters.length + target.learners.length > MEMBERS_MAX;
    return isTooMany ? refused(refusalOf({ type: "tooMany" })) : undefined;
  }

  #view(): CommittedView | undefined {
    const { committedConfiguration: found, configurationIndex: latestIndex } =
      this.#node.raftStatus();
    if (!found) return undefined;
    const { configuration, index } = found;
    const isSettled = index === latestIndex && !isJoint(configuration);
    return { configuration, index, isSettled, latestIndex };
  }

  #leaderless(): string | undefined {
    return this.#node.raftStatus().leaderId === null ? this.#node.silentText() : undefined;
  }

  #tell(onProgress: ChangeMembershipOptions["onProgress"], progress: MembershipProgress): void {
    try {
      onProgress?.(progress);
    } catch (error) {
      this.#node.onListenerFailed("onProgress", error);
    }
  }

  /** This node must know what is committed in the cluster before a step builds on it. */
  #catchUp(): void {
    const number = ++this.#catchUps;
    this.#catchingUp = number;
    this.#node.ready().then(
      () => {
        if (this.#catchingUp !== number) return;
        this.#catchingUp = 0;
        for (const call of this.#changes) if (call.isBehind) call.onCaughtUp();
        this.#node.requestTurn();
      },
      // Tried again at the next tick.
      () => {
        if (this.#catchingUp === number) this.#catchingUp = 0;
      },
    );
  }

  #scheduleTick(): () => void {
    const { clock, heartbeatIntervalMs } = this.#settings;
    return clock.schedule(clock.now() + heartbeatIntervalMs, () => {
      this.#cancelTick = null;
      for (const call of this.#changes) call.onTick();
      if (this.#changes.size === 0) return;
      this.#cancelTick = this.#scheduleTick();
      const isBehind = [...this.#changes].some((call) => call.isBehind);
      if (isBehind && this.#catchingUp === 0) this.#catchUp();
      this.#node.requestTurn();
    });
  }

  #forget(call: MembershipChange): void {
    this.#changes.delete(call);
    for (const [id, one] of this.#asked) if (one === call) this.#asked.delete(id);
    if (this.#changes.size > 0) return;
    this.#cancelTick?.();
    this.#cancelTick = null;
  }

  /** The next steps, as inputs for core. */
  take(): readonly Input[] {
    const inputs: Input[] = [];
    for (const call of this.#changes) {
      const wanted = call.next();
      if (!wanted) continue;
      const id = ++this.#lastId;
      this.#asked.set(id, call);
      inputs.push({ type: "changeMembership", id, ...wanted });
    }
    return inputs;
  }

  onVerdict({ id, verdict }: Extract<Effect, { readonly type: "membershipVerdict" }>): void {
    const call = this.#asked.get(id);
    if (!call) return;
    this.#asked.delete(id);
    call.onVerdict(verdict);
    this.#node.requestTurn();
  }

  onNews(news: News): void {
    this.#own.onNews(news);
    if (this.#changes.size > 0 && (news.type === "membership" || news.type === "committed")) {
      this.#node.requestTurn();
    }
  }

  onRole({ term, leaderId }: Extract<Effect, { readonly type: "role" }>): void {
    this.#own.onRole();
    const leader = leaderId === null ? this.#leader : `${leaderId} ${term}`;
    if (leader === this.#leader) return;
    this.#leader = leader;
    if (this.#changes.size === 0) return;
    for (const call of this.#changes) call.onNewLeader();
    this.#catchUp();
  }

  endAll({ reason, why, options }: NodeEnd): void {
    this.#limits.clear();
    for (const call of this.#changes) call.close(reason, why, options);
    this.#own.endAll(reason, why, options);
  }
}

function checkMembers(to: Members): MemberLists {
  const lists = { voters: "array", learners: "array" } as const;
  checkOptionShape("changeMembership's members", to, lists, ["voters"]);
  const { voters, learners = [] } = to;
  checkIds("voters", voters);
  checkIds("learners", learners);
  return { voters, learners };
}

function checkIds(name: string, ids: readonly unknown[]): asserts ids is readonly NodeId[] {
  const odd = ids.find((id) => typeof id !== "string" || !isValidId(id));
  if (odd !== undefined) throw wrong(name, odd, "ids of 1 to 64 of A-Z, a-z, 0-9, _ and -");
}

function checkExpected(expected: Index | undefined): Index | undefined {
  if (expected === undefined || (Number.isSafeInteger(expected) && expected > 0)) return expected;
  throw wrong("expected", expected, "the index of a configuration's entry, 1 or more");
}
