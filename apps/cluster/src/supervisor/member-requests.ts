// Asks a node's server for the members, and to change them.
import { z } from "zod";
import { ClusterError } from "../errors.js";
import { linesOf } from "../lines.js";
import { progressSchema } from "./member-progress.js";
import type { Progress } from "./member-progress.js";
import type { Asked } from "./node-requests.js";

/** The outcome is unknown: the change may still happen. */
export class ChangeUnknown extends ClusterError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super("REFUSED", message, { ...options, status: 502 });
  }
}

/** The node to be removed isn't a member. */
export class UnknownMember extends ClusterError {
  constructor(message: string) {
    super("REFUSED", message, { status: 404 });
  }
}

const PATH = "/v1/cluster/members";
const ASK_TIMEOUT_MS = 2000;
const LINES = "application/x-ndjson";

const memberSchema = z.object({ id: z.string(), role: z.string(), incarnation: z.string() });
const membersSchema = z.object({ members: z.array(memberSchema), committed: z.boolean() });

/** @throws {ClusterError} it doesn't answer */
export async function askMembers({ id, http }: Asked): Promise<z.infer<typeof membersSchema>> {
  try {
    const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
    const response = await fetch(`http://${http}${PATH}`, { signal });
    return membersSchema.parse(await response.json());
  } catch (cause) {
    throw new ClusterError("UNREACHABLE", `${id} at ${http} doesn't list the members`, {
      cause,
    });
  }
}

export interface MemberChange {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/** A line that is neither is the result of a success. */
const lineSchema = z.object({
  progress: z.unknown().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

/**
 * Resolves once it is committed.
 * @throws {ClusterError} it is refused, with the server's words
 * @throws {ChangeUnknown} it may still happen
 */
export async function askChange(
  { id, http }: Asked,
  change: MemberChange,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const response = await fetch(`http://${http}${PATH}`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: LINES },
      body: JSON.stringify(change),
      signal,
    });
    for await (const line of linesOf(response)) {
      const { progress: step, error } = lineSchema.parse(JSON.parse(line));
      if (error) throw refused(error);
      if (step === undefined) return;
      const progress = progressSchema.safeParse(step);
      if (progress.success) onProgress(progress.data);
    }
  } catch (cause) {
    if (cause instanceof ClusterError) throw cause;
    throw new ChangeUnknown(lostText(id), { cause });
  }
  throw new ChangeUnknown(lostText(id));
}

function lostText(id: string): string {
  return `${id}, which made the change, was lost before it answered, so the change may have happened, or may still happen; check with status, and repeat the command`;
}

function refused({ code, message }: { code: string; message: string }): ClusterError {
  if (code === "change_unknown") return new ChangeUnknown(message);
  if (code === "unknown_member") return new UnknownMember(message);
  return new ClusterError("REFUSED", message, { status: 409 });
}
