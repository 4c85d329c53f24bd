// Whether this node is a member of its cluster, according to committed configurations; if not, why;
// and the `member` calls that wait for it.
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

/** The options that this node was started with. */
interface Self extends Member {
  readonly address: string;
  /** Undefined: it doesn't join. */
  readonly join: readonly string[] | undefined;
  /** It replaces a lost data directory. */
  readonly rejoin: boolean;
}

const ANSWERS: Readonly<Record<IntroductionVerdict, (self: Self) => string>> = {
  waiting: ({ id, rejoin }) =>
    rejoin
      ? `it waits to replace the lost ${id}: the leader does this by itself, once it no longer hears that one, if the others are a majority of the voters without it`
      : `it waits to be added: name ${id} in a changeMembership call on a member`,
  member: () => "a configuration names it, but isn't committed as far as this node knows",
  idTaken: ({ id }) =>
    `${id} is already a member, with another data directory: give this node another id; or, if that directory was lost, start it with an empty one and rejoin: true if ${id} is a voter, and remove ${id} first if it is a learner`,
  stillThere: ({ id }) =>
    `the ${id} that it is to replace still answers, so its data directory isn't lost: stop one of the two`,
  addressTaken: ({ address }) =>
    `another member has its address ${address}: give this node its own address`,
  otherCluster: () =>
    "its data directory holds a log of another cluster with the same id: start it with an empty directory, or with addresses of that cluster",
  notMember: ({ id }) =>
    `it was started with rejoin, but no member is called ${id}: it was never one, or was removed, so there is no place to take back. It waits to be added: name ${id} in a changeMembership call on a member; if the id is a mistake, start it with the right one`,
  otherInstance: ({ id }) =>
    `that is a node of another cluster with the same cluster.id, which has a member ${id}, too: this node rejects it, and goes on; give one of the two clusters another id, or correct the addresses`,
};

const NOBODY: readonly string[] = [];

export class MemberCall extends PendingCall {
  readonly #own: OwnMembership;
  readonly #resolve: (standing: Standing) => void;
  readonly #reject: (error: NotMember) => void;
  /** Called once, when the call has ended. */
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

  /** In the latest committed configuration; null: it doesn't name this node. */
  get role(): Standing["role"] | null {
    return this.#standing?.role ?? null;
  }

  get answer(): IntroductionVerdict | null {
    return this.#introduced?.verdict ?? null;
  }

  /**
   * Where to look for the cluster, until this node is a member and the cluster has a leader. A node
   * that has founded its own cluster continues to look: it was told to join another one.
   */
  get seeds(): readonly string[] {
    return this.#foundCluster ? NOBODY : (this.#self.join ?? NOBODY);
  }

  /** Why this node is outside its cluster: removed, or not a member yet. Null: neither. */
  get outside(): string | null {
    const { id, join } = this.#self;
    const { removedAt, configuration } = this.#status();
    if (removedAt > 0) return removedText(id, removedAt);
    const isNamed = configuration && isListed(serversOf(configuration), this.#self);
    if (!join || this.#standing || isNamed) return null;
    if (this.#introduced) {
      return `node ${id} isn't a member of the cluster yet: ${this.textOf(this.#introduced.verdict)}`;
    }
    const hint = this.#turnedAway === null ? "" : `. The last refusal: ${this.#turnedAway}`;
    return `node ${id} isn't a member of the cluster yet, and no member answered at ${join.join(" or ")}: is one running there, with the same cluster.id and codec, and can it be reached from here?${hint}`;
  }

  textOf(verdict: IntroductionVerdict): string {
    return ANSWERS[verdict](this.#self);
  }

  /**
   * It was told to join a cluster, and another cluster with that id answers, but its log is of a
   * cluster that it founded alone: it must not serve that in place of the intended one.
   */
  get strayed(): OtherCluster | undefined {
    const { configuration } = this.#status();
    const { id, join } = this.#self;
    if (!join || this.answer !== "otherCluster") return undefined;
    if (!configuration || serversOf(configuration).length > 1) return undefined;
    return new OtherCluster(
      `node ${id} was told to join the cluster at ${join.join(" or ")}, but its data directory holds a log of another cluster, which it founded alone; it stops, and nothing was changed. To join, give it an empty data directory; to serve that log, start it without cluster.join`,
    );
  }

  /** Why this node isn't a member; null: it is one. */
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

  /** A node was refused, or refused this node: perhaps that is why there is no answer. */
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
    // Until there is a newer one, other committed entries change nothing.
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
  return `node ${id} was removed from the cluster: the configuration committed at index ${index} doesn't name it, and the others continue without it. Close it, or add it again with changeMembership on a member`;
}
