export { closeSession, numberedCommand, openSession, plainCommand } from "./commands.js";
export type {
  CloseSession,
  NumberedCommand,
  OpenSession,
  PlainCommand,
  SessionClosed,
  SessionOpened,
  SessionOutcome,
  SessionRefusal,
  SessionRefusalReason,
  SessionsCommand,
  SessionsResult,
} from "./commands.js";
export type { SessionsOptions } from "./options.js";
export { sessionsSchema } from "./schema.js";
export { withSessions } from "./with-sessions.js";
export type { SessionsMachine } from "./with-sessions.js";
export { createSession } from "./client.js";
export type { CreateSessionOptions, Session, SessionCallOptions } from "./client.js";
export type { SessionNode } from "./delivery.js";
export {
  SessionClosedError,
  SessionCommandNotApplied,
  SessionCommandRefused,
  SessionError,
  SessionExpired,
  SessionOutcomeUnknown,
} from "./errors.js";
export type { CommandOutcome } from "./errors.js";
