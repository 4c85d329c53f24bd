// The keys that the load works on: a few at a time, so that clients meet; each is given up for a
// new one after a while, because what a checker has to consider grows with the operations on a key
// whose outcome is unknown.

export interface Key {
  readonly name: string;
  /** The latest version that anybody has seen. */
  version: number | undefined;
  operations: number;
  unknown: number;
}

export interface Keys {
  /** Every key that there ever was. */
  readonly names: readonly string[];
  pick(random: number): Key;
}

const MAX_OPERATIONS = 200;
const MAX_UNKNOWN = 6;

export function createKeys(count: number): Keys {
  const names: string[] = [];
  const make = (slot: number): Key => {
    const name = `key-${slot + 1}-${names.length + 1}`;
    names.push(name);
    return { name, version: undefined, operations: 0, unknown: 0 };
  };
  const slots = Array.from({ length: count }, (_, slot) => make(slot));
  return {
    names,
    pick(random) {
      const slot = Math.floor(random * count);
      const key = slots[slot];
      if (key !== undefined && key.operations < MAX_OPERATIONS && key.unknown < MAX_UNKNOWN) {
        key.operations++;
        return key;
      }
      return (slots[slot] = { ...make(slot), operations: 1 });
    },
  };
}
