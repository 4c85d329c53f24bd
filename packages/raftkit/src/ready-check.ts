// `ready`: a linearizable read without a query (decision 0036).
import type { NodeStatus } from "./api.js";
import type { NotReadyReason } from "./errors.js";
import { NotReady } from "./errors.js";
import type { LeaderGate } from "./leader-gate.js";
import { Read } from "./read.js";

export class ReadyCheck extends Read<void> {
  readonly #status: () => NodeStatus;

  constructor(
    status: () => NodeStatus,
    resolve: () => void,
    reject: (error: unknown) => void,
    gate: LeaderGate,
  ) {
    super(() => {}, resolve, reject, gate);
    this.#status = status;
  }

  override fail(reason: NotReadyReason, why: string, options?: { cause?: unknown }): void {
    this.failWith(new NotReady(reason, why, options));
  }

  override expire(): void {
    const status = this.#status();
    this.fail(
      "timeout",
      `node ${status.id} isn't ready: ${missingIn(status)}${this.gate?.silentText() ?? ""}`,
    );
  }

  override abort(cause: unknown): void {
    this.fail("aborted", `waiting for node ${this.#status().id} was aborted`, { cause });
  }
}

function missingIn({ bootstrap, leaderId, lastApplied, commitIndex }: NodeStatus): string {
  if (bootstrap) {
    return bootstrap.missing.length === 0
      ? "the cluster isn't bootstrapped yet"
      : `the first start needs every initial voter, and ${bootstrap.missing.join(", ")} didn't answer`;
  }
  if (leaderId === null) return "no leader is known";
  if (lastApplied < commitIndex) {
    return `it has applied ${lastApplied} of ${commitIndex} committed entries`;
  }
  return `${leaderId} hasn't shown in time that it leads a majority`;
}
