// What a refusal promises: the write came to nothing, now and later. No value may be both refused
// and applied; each is written by one call only. It knows nothing of how calls end.

export interface Refusals {
  onRefused(client: string, value: number): void;
  /** @param value 0: nothing was written */
  onApplied(node: string, value: number): void;
}

export function createRefusals(broken: (message: string) => void): Refusals {
  const refused = new Set<number>();
  const applied = new Set<number>();
  return {
    onRefused(client, value) {
      refused.add(value);
      if (applied.has(value)) {
        broken(`${client} was told that nothing became of its put of ${value}, which was applied`);
      }
    },
    onApplied(node, value) {
      applied.add(value);
      if (refused.has(value)) {
        broken(
          `${node} applies a put of ${value}, whose client was told that nothing became of it`,
        );
      }
    },
  };
}
