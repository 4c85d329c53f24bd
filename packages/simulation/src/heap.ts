// A binary heap: yields what is due next, in O(log n). It knows nothing of time.

export interface Heap<T> {
  push(item: T): void;
  /** Takes the smallest item out. */
  pop(): T | undefined;
  peek(): T | undefined;
  /** All items, in no order. */
  readonly items: readonly T[];
  /** Call it when items were changed so that they compare differently. */
  reorder(): void;
}

/**
 * @param before whether `a` comes out before `b`: a strict total order, or equal items come out in
 * any order.
 */
export function createHeap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];

  function rise(item: T): void {
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = items[parentAt];
      if (parent === undefined || !before(item, parent)) break;
      items[at] = parent;
      at = parentAt;
    }
    items[at] = item;
  }

  function sink(item: T, from: number): void {
    let at = from;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = items[childAt];
      if (child === undefined) break;
      const other = items[childAt + 1];
      if (other !== undefined && before(other, child)) {
        child = other;
        childAt++;
      }
      if (!before(child, item)) break;
      items[at] = child;
      at = childAt;
    }
    items[at] = item;
  }

  return {
    items,
    push: rise,
    peek: () => items[0],
    pop() {
      const first = items[0];
      const last = items.pop();
      if (last !== undefined && items.length > 0) sink(last, 0);
      return first;
    },
    reorder() {
      for (let at = (items.length >> 1) - 1; at >= 0; at--) {
        const item = items[at];
        if (item !== undefined) sink(item, at);
      }
    },
  };
}
