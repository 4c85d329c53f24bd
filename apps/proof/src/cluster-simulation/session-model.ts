// What sessions must do, told a second time and too simply to be wrong (thesis §6.3; the README of
// @raftkit/sessions). It is given each command once, in the order of the log, and remembers what
// became of the sessions that are gone.
import { crc32 } from "node:zlib";
import type { SessionRefusalReason } from "@raftkit/sessions";
import type { Plan } from "../plans/plan.js";

export type SessionLimits = Omit<NonNullable<Plan["sessions"]>, "clients">;

/** Why a session is no more. */
export type Gone = "count" | "time" | "closed";

export type Expected =
  | { readonly type: "opened" }
  | { readonly type: "closed" }
  /** Handed to the machine within: a plain command, or the first one with its number. */
  | { readonly type: "executed" }
  /** As text; null: it wasn't kept. */
  | { readonly type: "kept"; readonly result: string | null; readonly index: number }
  | { readonly type: "refused"; readonly reason: SessionRefusalReason; readonly gone?: Gone };

interface Kept {
  readonly command: string;
  readonly index: number;
  result: string | null;
}

interface Session {
  usedAtMs: number;
  lowest: number;
  readonly kept: Map<number, Kept>;
}

export interface SessionModel {
  /** @param command as it stands in the log */
  apply(command: readonly unknown[], index: number, elapsedMs: number): Expected;
  /** What came of the command that was to be executed; null: too large to be kept. */
  executed(result: string | null): void;
}

export function createSessionModel(limits: SessionLimits): SessionModel {
  const { maxSessions, maxUnanswered } = limits;
  const expireAfterMs = limits.expireAfterMs === 0 ? Infinity : limits.expireAfterMs;
  /** The least recently used first. */
  const sessions = new Map<number, Session>();
  const gone = new Map<number, Gone>();
  let timeMs = 0;
  let latest: Kept | undefined;

  function end(id: number, how: Gone): void {
    if (sessions.delete(id)) gone.set(id, how);
  }

  function send(
    [id, number, lowest, command]: readonly [number, number, number, unknown],
    index: number,
  ): Expected {
    const session = sessions.get(id);
    if (!session) {
      const how = gone.get(id);
      return { type: "refused", reason: "unknownSession", ...(how && { gone: how }) };
    }
    sessions.delete(id);
    sessions.set(id, session);
    session.usedAtMs = timeMs;
    if (number < session.lowest) return { type: "refused", reason: "answered" };
    const text = textOf(command);
    const before = session.kept.get(number);
    if (before && before.command !== text) return { type: "refused", reason: "differentCommand" };
    if (!before && number >= Math.max(lowest, session.lowest) + maxUnanswered) {
      return { type: "refused", reason: "tooManyUnanswered" };
    }
    session.lowest = Math.max(session.lowest, lowest);
    for (const known of session.kept.keys()) {
      if (known < session.lowest) session.kept.delete(known);
    }
    if (before) return { type: "kept", result: before.result, index: before.index };
    latest = { command: text, index, result: null };
    session.kept.set(number, latest);
    return { type: "executed" };
  }

  return {
    apply(command, index, elapsedMs) {
      latest = undefined;
      timeMs += elapsedMs;
      for (const [id, { usedAtMs }] of sessions) {
        if (timeMs - usedAtMs >= expireAfterMs) end(id, "time");
      }
      if (command.length === 1) return { type: "executed" };
      if (command.length === 0) {
        for (const id of sessions.keys()) if (sessions.size >= maxSessions) end(id, "count");
        sessions.set(index, { usedAtMs: timeMs, lowest: 1, kept: new Map() });
        return { type: "opened" };
      }
      if (command.length === 2) {
        end(Number(command[0]), "closed");
        return { type: "closed" };
      }
      return send(command as [number, number, number, unknown], index);
    },
    executed(result) {
      if (latest) latest.result = result;
    },
  };
}

/** Commands of the key-value machine hold bytes, which stand for themselves by their checksum. */
function textOf(command: unknown): string {
  return JSON.stringify(command, (_, value: unknown) =>
    value instanceof Uint8Array ? `${value.length} bytes ${crc32(value)}` : value,
  );
}
