// Mutants of packages/kv.
import type { Mutant } from "../mutant.js";

export const kv: readonly Mutant[] = [
  {
    id: "kv-01",
    file: "packages/kv/src/kv.ts",
    find: "changes.publish(index, changesOf(parsed, result));",
    replace: "changes.publish(index, changesOf(parsed, { ok: true, index, previousIndex: 1 }));",
    why: "a write whose condition failed is told as a change",
  },
  {
    id: "kv-02",
    file: "packages/kv/src/kv.ts",
    find: '  return previousIndex === null ? [] : [{ type: "delete", key, index }];',
    replace: '  return [{ type: "delete", key, index }];',
    why: "a deletion of nothing is told as a change",
  },
  {
    id: "kv-03",
    file: "packages/kv/src/kv.ts",
    find: "      changes?.restored(lastIndex);",
    replace: "      if (lastIndex < 0) changes?.restored(lastIndex);",
    why: "watches fall silent over a restore",
  },
  {
    id: "kv-04",
    file: "packages/kv/src/kv.ts",
    find: "      ({ items: state, index: lastIndex } = await readSnapshot(source));",
    replace: "      ({ items: state } = await readSnapshot(source));",
    why: "a list after a restore names another index than other replicas do",
  },
  {
    id: "kv-05",
    file: "packages/kv/src/sorted.ts",
    find: "      const captured = blocks.slice();\n      epoch++;",
    replace: "      const captured = blocks.slice();",
    why: "a snapshot shows writes that came after it",
  },
  {
    id: "kv-06",
    file: "packages/kv/src/sorted.ts",
    find: "      } else writable(last, block).push(item);",
    replace: "      } else block.items.unshift(item);",
    why: "a restored state isn't in order",
  },
  {
    id: "kv-07",
    file: "packages/kv/src/snapshot.ts",
    find: "    this.kept = new Uint8Array(\n      this.#piece.subarray(from, from + (isShared ? SHARED_BYTES : length)),\n    );",
    replace: "    this.kept = this.#piece.slice(from, from + (isShared ? SHARED_BYTES : length));",
    why: "restored values change with the source's buffer: the slice of a Buffer is no copy",
  },
  {
    id: "kv-08",
    file: "packages/kv/src/sorted.ts",
    find: "      if (known?.epoch === epoch) {",
    replace: "      if (known !== undefined) {",
    why: "a write changes an item beneath a snapshot that is being written",
  },
  {
    id: "kv-09",
    file: "packages/kv/src/sorted.ts",
    find: "      written.delete(ordered);\n",
    replace: "",
    why: "a deleted key is still found",
  },
];
