// Collects effects until the step ends; the only way out.
import type { Effect } from "../protocol/effects.js";
import type { Message } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { NodeId } from "../types.js";

export function emit(state: State, effect: Effect): void {
  state.effects.push(effect);
}

export function send(state: State, to: NodeId, message: Message): void {
  state.effects.push({ type: "send", to, message });
}
