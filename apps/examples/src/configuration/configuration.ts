// Settings that all instances of a service share. Every instance has them in memory, and hears of
// each change.
import type { ChangeFeed, RaftNode, Returns, StateMachine } from "raftkit";
import { createChangeFeed } from "raftkit";
import { readJsonSnapshot, writeJsonSnapshot } from "../json-snapshot.ts";

export interface Setting {
  readonly name: string;
  readonly value: string;
  /** The log index of the change that made it so. */
  readonly version: number;
}

/** `ifVersion`: only if the setting still has this version; 0: only if there is none. */
export interface Change extends Returns<Changed> {
  readonly name: string;
  readonly value: string;
  readonly ifVersion?: number | undefined;
}

export type Changed =
  | { readonly changed: true; readonly version: number }
  | { readonly changed: false; readonly version: number };

type Answer = Setting | undefined;
export type ConfigurationNode = RaftNode<Change, Changed, string, Answer>;
export interface Configuration extends StateMachine<Change, Changed, string, Answer> {
  readonly feed: ChangeFeed<Setting>;
}

export function createConfiguration(): Configuration {
  const feed = createChangeFeed<Setting>();
  let settings = new Map<string, Setting>();
  return {
    feed,
    apply({ name, value, ifVersion }, { index }) {
      const version = settings.get(name)?.version ?? 0;
      const changed = ifVersion === undefined || ifVersion === version;
      const setting = { name, value, version: index };
      if (changed) settings.set(name, setting);
      feed.publish(index, changed ? [setting] : []);
      return { changed, version: changed ? index : version };
    },
    query: (name) => settings.get(name),
    snapshot: () => writeJsonSnapshot({ settings: [...settings.values()], index: feed.index }),
    async restore(source) {
      const state = (await readJsonSnapshot(source)) as {
        readonly settings: readonly Setting[];
        readonly index: number;
      };
      settings = new Map(state.settings.map((setting) => [setting.name, setting]));
      feed.restored(state.index);
    },
  };
}
