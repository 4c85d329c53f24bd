// Whether the log's disk is full, as the storage reports it, even before the node exists.

export class DiskSpace {
  #isShort = false;
  #listener: (isShort: boolean) => void = () => {};

  /** For `LogStorage.open`. */
  readonly onSpace = (isShort: boolean): void => {
    this.#isShort = isShort;
    this.#listener(isShort);
  };

  /** Tells of what was said before, too. */
  listen(listener: (isShort: boolean) => void): void {
    this.#listener = listener;
    if (this.#isShort) listener(true);
  }
}
