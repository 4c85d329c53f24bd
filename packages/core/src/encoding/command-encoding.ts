// How a log's commands are written: the codec that turns them into bytes, and the state machine's
// name for their format. Stored with the log and compared between peers, as one name.
import type { Codec } from "../ports/codec.js";
import type { StateMachine } from "../ports/state-machine.js";

/** `msgpack`, or `msgpack+kv-1` where the machine names its commands' format. */
export function commandEncoding(
  { name }: Pick<Codec, "name">,
  { commandFormat }: Pick<StateMachine<never, unknown, never, unknown>, "commandFormat">,
): string {
  return commandFormat === undefined ? name : `${name}+${commandFormat}`;
}

/** Whether a string can be that name: up to four of `[a-z0-9-]{1,32}`, joined by `+`. */
export function isValidCommandEncoding(name: string): boolean {
  return /^[a-z0-9-]{1,32}(\+[a-z0-9-]{1,32}){0,3}$/.test(name);
}
