// Whether this node is a member of its cluster, as committed configurations say; what stands in the
// way where it isn't; and the `member` calls that wait for it.
import type { Effect, Index, IntroductionVerdict, RaftkitError, RaftStatus } from "@raftkit/core";
import { isListed, serversOf, votersOf } from "@raftkit/core";
import type { Member } from "@raftkit/core";
import type { OwnMembership as Standing } from "./api-members.js";
import type { Place } from "./cluster-options.js";
import { addressOf } from "./cluster-options.js";
import type { GivenUp } from "./errors.js";
import { NotMember, OtherCluster } from "./errors.js";
import { PendingCall } from "./pending-call.js";

type Introduced = Extract<Effect, { readonly type: "introduced" }>;

/** What this node was started with. */
interface Self extends Member {
  readonly address: string;
  /** Undefined: it doesn't join. */
  readonly join: readonly string[] | undefined;
  /** It takes the place of a lost data directory. */
  readonly rejoin: boolean;
}

const ANSWERS: Readonly<Record<IntroductionVerdict, (self: Self) => string>> = {
  waiting: ({ id, rejoin }) =>
    rejoin
      ? `it waits for its place: once the lost ${id} isn't heard any more, the leader gives it to it by itself`
      : `it waits to be added: name ${id} in a changeMembership call on a member`,
  member: () => "a configuration names it, which isn't committed as far as this node knows",
  idTaken: ({ id }) =>
    `${id} is a member already, with another data directory: give this node another id; or, if that directory was lost, start it with rejoin: true where ${id} is a voter, and remove ${id} first where it is a learner`,
  stillThere: ({ id }) =>
    `the ${id} whose place it is to take still answers, so its data directory isn't lost: stop one of the two`,
  addressTaken: ({ address }) =>
    `another member is reached at its address ${address}: give this node one of its own`,
  otherCluster: () =>
    "its data directory holds a log of another cluster of this name: start it with an empty one, or with addresses of that cluster",
  otherInstance: () =>
    "its data directory holds a log of another cluster of this name, which has its id, too",
};

const NOBODY: readonly string[] = [];

export class MemberCall extends PendingCall {
  readonly #own: OwnMembership;
  readonly #resolve: (standing: Standing) => void;
  readonly #reject: (error: NotMember) => void;
  /** Told once, when it has ended. */
  onEnd: (() => void) | undefined;

  constructor(
    own: OwnMembership,
    resolve: (standing: Standing) => void,
    reject: (error: NotMember) => void,
  ) {
    super();
    this.#own = own;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  succeed(standing: Standing): void {
    if (this.end()) this.#resolve(standing);
  }

  fail(reason: GivenUp, message: string, options?: { cause?: unknown }): void {
    if (this.end()) this.#reject(new NotMember(reason, message, this.#own.answer, options));
  }

  protected override end(): boolean {
    if (!super.end()) return false;
    this.onEnd?.();
    return true;
  }

  override expire(): void {
    this.fail("timeout", `the call timed out: ${this.#own.obstacle ?? "try again"}`);
  }

  override abort(cause: unknown): void {
    this.fail("aborted", "the call was aborted; nothing was changed", { cause });
  }
}

export class OwnMembership {
  readonly #self: Self;
  readonly #status: () => RaftStatus;
  readonly #waiting = new Set<MemberCall>();
  /** The configuration at this index waits to be committed. */
  #awaitedIndex: Index = 0;
  #standing: Standing | null = null;
  #introduced: Introduced | null = null;
  #turnedAway: string | null = null;
  #foundCluster = false;

  constructor(place: Place, { id, incarnation }: Member, status: () => RaftStatus) {
    const { join, rejoin = false } = place.cluster;
    this.#self = { id, incarnation, address: addressOf(place), join, rejoin };
    this.#status = status;
  }

  /** As the latest committed configuration says; null: it doesn't name this node. */
  get role(): Standing["role"] | null {
    return this.#standing?.role ?? null;
  }

  get answer(): IntroductionVerdict | null {
    return this.#introduced?.verdict ?? null;
  }

  /**
   * Where to look for the cluster: until this node is one of its members and somebody leads it. Who
   * has founded a cluster of its own goes on: it was told to join another one.
   */
  get seeds(): readonly string[] {
    return this.#foundCluster ? NOBODY : (this.#self.join ?? NOBODY);
  }

  /** Why this node is outside its cluster: it was removed, or isn't in yet. Null: it is neither. */
  get outside(): string | null {
    const { id, join } = this.#self;
    const { removedAt, configuration } = this.#status();
    if (removedAt > 0) return removedText(id, removedAt);
    const isNamed = configuration && isListed(serversOf(configuration), this.#self);
    if (!join || this.#standing || isNamed) return null;
    if (this.#introduced) {
      return `node ${id} isn't a member of the cluster yet: ${this.textOf(this.#introduced.verdict)}`;
    }
    const hint = this.#turnedAway === null ? "" : `. This was heard: ${this.#turnedAway}`;
    return `node ${id} isn't a member of the cluster yet, and no member answered at ${join.join(" or ")}: does one run there, with the same cluster.id and codec, and can it be reached from here?${hint}`;
  }

  textOf(verdict: IntroductionVerdict): string {
    return ANSWERS[verdict](this.#self);
  }

  /**
   * It was told to join a cluster, and another one of that name answers, but its log is of a cluster
   * that it founded alone: it must not serve that as if it were the one that was meant.
   */
  get strayed(): OtherCluster | undefined {
    const { configuration } = this.#status();
    const { id, join } = this.#self;
    if (!join || this.answer !== "otherCluster") return undefined;
    if (!configuration || serversOf(configuration).length > 1) return undefined;
    return new OtherCluster(
      `node ${id} was told to join the cluster at ${join.join(" or ")}, but its data directory holds a log of another cluster, which it founded alone; it stops, and nothing was changed. Give it an empty data directory to join with; to serve that log, start it without cluster.join`,
    );
  }

  /** What keeps this node from being a member; null: nothing. */
  get obstacle(): string | null {
    const { outside } = this;
    if (outside !== null || this.#standing) return outside;
    const { bootstrap, configuration } = this.#status();
    if (configuration) return "its configuration isn't committed as far as this node knows";
    const missing = bootstrap?.missing.join(", ") ?? "";
    return `the cluster isn't bootstrapped${missing === "" ? "" : `, and ${missing} didn't answer`}`;
  }

  add(call: MemberCall): void {
    this.#waiting.add(call);
    call.onEnd = () => this.#waiting.delete(call);
    this.#settle();
  }

  onNews(news: Effect): void {
    switch (news.type) {
      case "membership":
        this.#awaitedIndex = news.index;
        this.#look();
        break;
      case "committed":
        if (news.commitIndex >= this.#awaitedIndex) this.#look();
        break;
      case "removed":
        this.#standing = null;
        break;
      case "introduced":
        this.#introduced = news;
        break;
      default:
    }
  }

  /** News of the leader. */
  onRole(): void {
    if (this.#self.join && !this.#foundCluster) this.#look();
  }

  /** Somebody was turned away, or turned this node away: that is why it has no answer, perhaps. */
  onRejected({ message }: RaftkitError): void {
    if (!this.#introduced) this.#turnedAway = message;
  }

  #look(): void {
    const {
      committedConfiguration: found,
      leaderId,
      removedAt,
      configurationIndex,
    } = this.#status();
    // Until there is a newer one nothing changes by what else is committed.
    if (found?.index === configurationIndex) this.#awaitedIndex = Infinity;
    if (!found || removedAt > 0) return;
    const { configuration, index } = found;
    const role = isListed(votersOf(configuration), this.#self)
      ? "voter"
      : isListed(configuration.learners, this.#self)
        ? "learner"
        : null;
    this.#standing = role && { role, configuration, configurationIndex: index };
    if (role && leaderId !== null && serversOf(configuration).length > 1) this.#foundCluster = true;
    this.#settle();
  }

  #settle(): void {
    if (!this.#standing) return;
    for (const call of this.#waiting) call.succeed(this.#standing);
  }

  endAll(reason: "closing" | "failed", why: string, options?: { cause?: unknown }): void {
    for (const call of this.#waiting) call.fail(reason, why, options);
  }
}

export function removedText(id: string, index: Index): string {
  return `node ${id} was removed from the cluster: the configuration committed at index ${index} doesn't name it, and the others go on without it. Close it; or add it again with changeMembership on a member`;
}
