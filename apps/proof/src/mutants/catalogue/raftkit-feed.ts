// Mutants of packages/raftkit: the feed of changes.
import type { Mutant } from "../mutant.js";

export const raftkitFeed: readonly Mutant[] = [
  {
    id: "raftkit-37",
    file: "packages/raftkit/src/change-window.ts",
    find: "if ((this.#kept[middle]?.index ?? 0) <= position) low = middle + 1;",
    replace: "if ((this.#kept[middle]?.index ?? 0) <= position + 1) low = middle + 1;",
    why: "a watch that is resumed lacks the change behind its position",
  },
  {
    id: "raftkit-38",
    file: "packages/raftkit/src/change-window.ts",
    find: "if ((this.#kept[middle]?.index ?? 0) <= position) low = middle + 1;",
    replace: "if ((this.#kept[middle]?.index ?? 0) < position) low = middle + 1;",
    why: "a watch that is resumed gets the change at its position twice",
  },
  {
    id: "raftkit-39",
    file: "packages/raftkit/src/change-feed.ts",
    find: "    if (watcher.position < this.#window.oldest) {",
    replace:
      "    if (watcher.position < this.#window.oldest && watcher.position >= this.#snapshotIndex) {",
    why: "a watch falls silent over a restore and goes on behind a gap",
  },
  {
    id: "raftkit-40",
    file: "packages/raftkit/src/change-feed.ts",
    find: '      throw this.#lost(isSnapshot ? "compacted" : "slow", watcher.position);',
    replace: "      watcher.position = isSnapshot ? watcher.position : this.#window.oldest;",
    why: "a slow reader goes on behind a gap, and isn't told",
  },
  {
    id: "raftkit-41",
    file: "packages/raftkit/src/change-feed.ts",
    find: '    if (after < this.#window.oldest) throw this.#lost("compacted", after);',
    replace: "    if (after < 0) return this.watch({ ...options, after: this.#window.index });",
    why: "a position that is compacted isn't refused when the watch begins",
  },
  {
    id: "raftkit-42",
    file: "packages/raftkit/src/change-feed.ts",
    find: "      position: after,",
    replace: "      position: Math.max(after, this.#snapshotIndex + 1),",
    why: "the first change behind a list, or a snapshot, is left out",
  },
  {
    id: "raftkit-43",
    file: "packages/raftkit/src/change-window.ts",
    find: "      (this.#events > maxEvents || this.#bytes > maxBytes) &&",
    replace: "      this.#events > maxEvents && this.#bytes > maxBytes &&",
    why: "what is kept for slow readers grows beyond its bound",
  },
  {
    id: "raftkit-44",
    file: "packages/raftkit/src/change-window.ts",
    find: "    this.#index = index;\n    if (count === 0) return;",
    replace: "    if (count === 0) return;\n    this.#index = index;",
    why: "a list at an index without changes is ahead of the feed, and its watch is refused",
  },
  {
    id: "raftkit-45",
    file: "packages/raftkit/src/change-feed.ts",
    find: "? { index: position, events: [] } : undefined;",
    replace: "? { index: this.#window.index, events: [] } : undefined;",
    why: "progress names changes that weren't given yet, so that resuming behind it leaves them out",
  },
  {
    id: "raftkit-46",
    file: "packages/raftkit/src/change-feed.ts",
    find: "    else if (now >= aheadSinceMs + this.#aheadTimeoutMs) {",
    replace: "    else if (now >= aheadSinceMs + this.#aheadTimeoutMs * 1000) {",
    why: "a watch of a position that never comes waits for ever, without a word",
  },
  {
    id: "raftkit-141",
    file: "packages/raftkit/src/change-feed.ts",
    find: "    return this.#isAhead(watcher) ? undefined : this.#progress(watcher);",
    replace: "    void this.#isAhead(watcher);\n    return this.#progress(watcher);",
    why: "progress is told of a position that isn't applied yet",
  },
  {
    id: "raftkit-170",
    file: "packages/raftkit/src/change-window.ts",
    find: "    if (!isMade(events)) bytes += events.bytes;\n    else for",
    replace: "    if (isMade(events)) for",
    why: "what is kept of lazy events for slow readers grows beyond its bound",
  },
  {
    id: "raftkit-171",
    file: "packages/raftkit/src/change-window.ts",
    find: "    kept.events = made;",
    replace: "",
    why: "every watch makes all events again",
  },
  {
    id: "raftkit-172",
    file: "packages/raftkit/src/change-feed.ts",
    find: "      watcher.left -= Math.max(1, events.length);",
    replace: "      watcher.left--;",
    why: "a watch that is far behind holds up the event loop, however much each entry changed",
  },
];
