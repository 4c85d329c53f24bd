// What all parts of the proof's command line share.

/** Commander's command, told with which exit code an action ended. */
export type Done = (exitCode: number) => void;

/** How a complaint begins: with who complains. */
export const PROGRAM = "raftkit-proof";

/** Called wrongly in a way that commander can't see; the message says how. */
export class UsageError extends Error {}
