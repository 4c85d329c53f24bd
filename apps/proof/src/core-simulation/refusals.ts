// What a refusal promises: the write came to nothing, now and later. No value may be both refused
// and applied; each is written by one call only. It knows nothing of how calls end.

export interface Refusals {
  onRefused(client: string, value: number): void;
  /** @param value 0: nothing was written */
  onApplied(node: string, value: number): void;
}

export function createRefusals(broken: (message: string) => void): Refusals {
  // By value: they are numbered one after another.
  const refused: boolean[] = [];
  const applied: boolean[] = [];
  return {
    onRefused(client, value) {
      refused[value] = true;
      if (applied[value]) {
        broken(`${client} was told that nothing became of its put of ${value}, which was applied`);
      }
    },
    onApplied(node, value) {
      applied[value] = true;
      if (refused[value]) {
        broken(
          `${node} applies a put of ${value}, whose client was told that nothing became of it`,
        );
      }
    },
  };
}
