// A run as the part of a link behind `#`:
//
//   #seed=7&nodes=5&scene=figure-8&do=12.340.c1~3.61.x1.2&to=40.505&is=1c2f9a03
//
// `do` lists the actions: how many events and milliseconds after the one before, then a letter and
// numbers. `to` is the moment that was shared, as much after the last action; `is` the state then.
import type { Action } from "./actions.js";
import type { Moment, Recorded, Script } from "./simulation.js";
import { BadScript } from "./simulation.js";
import type { Setup } from "./world.js";

/** A run is replayed from its beginning: links hold no longer ones than that takes a moment. */
const EVENTS_MAX = 50_000;

export interface Link {
  readonly script: Script;
  readonly scene: string | undefined;
  /** Of the state at the end; undefined: the link doesn't say. */
  readonly fingerprint: string | undefined;
}

/** What a link says of how its run begins. */
type Begin = (scene: string | undefined, seed: number, nodes: number | undefined) => Setup;

const LETTERS = {
  request: "q",
  crash: "c",
  restart: "r",
  timeout: "t",
  snapshot: "s",
  transfer: "f",
  isolate: "i",
  reconnect: "j",
  cut: "x",
  mend: "m",
  mendAll: "h",
  drop: "d",
  lose: "u",
  delay: "w",
  loss: "l",
  add: "a",
  learner: "e",
  voter: "v",
  remove: "o",
  step: "n",
} as const satisfies Record<Action["type"], string>;

/** @throws {BadScript} the run is too long for a link */
export function linkOf({ script, scene, fingerprint }: Link): string {
  const { setup, actions, end } = script;
  requireShort(end);
  let before: Moment = { events: 0, ms: 0 };
  const since = (moment: Moment): string => {
    const text = `${moment.events - before.events}.${moment.ms - before.ms}`;
    before = moment;
    return text;
  };
  const done = actions.map((recorded) => `${since(recorded)}.${actionText(recorded.action)}`);
  return [
    `#seed=${setup.seed}`,
    ...(scene === undefined ? [`nodes=${setup.nodes}`] : [`scene=${scene}`]),
    ...(done.length > 0 ? [`do=${done.join("~")}`] : []),
    `to=${since(end)}`,
    ...(fingerprint === undefined ? [] : [`is=${fingerprint}`]),
  ].join("&");
}

function requireShort({ events }: Moment): void {
  if (events <= EVENTS_MAX) return;
  throw new BadScript(`a link holds ${EVENTS_MAX} events at most; share an earlier moment`);
}

function actionText(action: Action): string {
  return `${LETTERS[action.type]}${argumentsOf(action).join(".")}`;
}

function argumentsOf(action: Action): readonly number[] {
  if ("other" in action) return [action.node, action.other];
  if ("node" in action) return [action.node];
  if ("message" in action) return [action.message];
  if ("percent" in action) return [action.percent];
  if ("step" in action) return [action.step];
  return [];
}

/**
 * @param begin the setup of a scene, or of a run without one
 * @returns undefined: it names no run
 * @throws {BadScript} it was cut short, or isn't one of ours
 */
export function readLink(hash: string, begin: Begin): Link | undefined {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const seed = fields.get("seed");
  if (seed === null) return undefined;
  const scene = fields.get("scene") ?? undefined;
  const nodes = fields.get("nodes");
  const setup = begin(
    scene,
    wholeNumber(seed, "seed"),
    nodes === null ? undefined : wholeNumber(nodes, "nodes"),
  );
  let before: Moment = { events: 0, ms: 0 };
  const momentOf = (events = "", ms = "", what = ""): Moment => {
    before = {
      events: before.events + wholeNumber(events, what),
      ms: before.ms + wholeNumber(ms, what),
    };
    requireShort(before);
    return before;
  };
  const actions = (fields.get("do") ?? "")
    .split("~")
    .filter((text) => text !== "")
    .map((text): Recorded => {
      const [events, ms, first = "", second] = text.split(".");
      return { ...momentOf(events, ms, text), action: readAction(first, second, text) };
    });
  const [events, ms] = (fields.get("to") ?? "0.0").split(".");
  const end = momentOf(events, ms, "to");
  const fingerprint = fields.get("is") ?? undefined;
  return { script: { setup, actions, end }, scene, fingerprint };
}

function wholeNumber(text: string, where: string): number {
  const number = Number(text);
  if (/^\d{1,15}$/.test(text)) return number;
  throw new BadScript(`the link can't be read: "${text}" in "${where}" is no whole number`);
}

function readAction(first: string, second: string | undefined, text: string): Action {
  const [type] = Object.entries(LETTERS).find(([, letter]) => letter === first[0]) ?? [];
  const number = (): number => wholeNumber(first.slice(1), text);
  switch (type as Action["type"] | undefined) {
    case "mendAll":
      return { type: "mendAll" };
    case "add":
      return { type: "add" };
    case "loss":
      return { type: "loss", percent: Math.min(100, number()) };
    case "step":
      return { type: "step", step: number() };
    case "drop":
      return { type: "drop", message: number() };
    case "lose":
      return { type: "lose", message: number() };
    case "delay":
      return { type: "delay", message: number() };
    case "cut":
      return { type: "cut", node: number(), other: wholeNumber(second ?? "", text) };
    case "mend":
      return { type: "mend", node: number(), other: wholeNumber(second ?? "", text) };
    case "request":
    case "crash":
    case "restart":
    case "timeout":
    case "snapshot":
    case "transfer":
    case "isolate":
    case "reconnect":
    case "learner":
    case "voter":
    case "remove":
      return { type: type as "request", node: number() };
    case undefined:
      throw new BadScript(`the link can't be read: "${text}" is no action`);
  }
}
