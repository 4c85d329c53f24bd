// Instruments that remember what they are told, for each node by its id.
import type { CreateInstruments, ReadFigure } from "raftkit";

export interface Recorded {
  readonly created: readonly { readonly id: string; readonly clusterId: string }[];
  /** The figure of now, of one label's value where it has a label. */
  figure(id: string, name: string, label?: string): number | undefined;
  /** All values that a histogram got. */
  values(id: string, name: string): readonly number[];
  /** Ended and open spans: `propose applied`, `read …`. */
  readonly spans: string[];
  readonly errors: unknown[];
  readonly closed: string[];
  readonly names: ReadonlySet<string>;
  readonly create: CreateInstruments;
}

export function createRecorded(onSpan: (operation: string) => void = () => {}): Recorded {
  const figures = new Map<string, ReadFigure>();
  const values = new Map<string, number[]>();
  const created: { readonly id: string; readonly clusterId: string }[] = [];
  const names = new Set<string>();
  const spans: string[] = [];
  const errors: unknown[] = [];
  const closed: string[] = [];

  const create: CreateInstruments = (node) => {
    created.push(node);
    const register = ({ name }: { readonly name: string }, read: ReadFigure): void => {
      const key = `${node.id} ${name}`;
      if (figures.has(key)) throw new Error(`${key} comes twice`);
      figures.set(key, read);
      names.add(name);
    };
    return {
      counter: register,
      gauge: register,
      histogram({ name }) {
        const all: number[] = [];
        values.set(`${node.id} ${name}`, all);
        names.add(name);
        return (value) => all.push(value);
      },
      span(operation) {
        onSpan(operation);
        const at = spans.push(`${node.id} ${operation} …`) - 1;
        return (outcome, error) => {
          spans[at] = `${node.id} ${operation} ${outcome}`;
          if (error !== undefined) errors.push(error);
        };
      },
      close: () => void closed.push(node.id),
    };
  };
  return {
    created,
    names,
    spans,
    errors,
    closed,
    create,
    figure(id, name, label) {
      const read = figures.get(`${id} ${name}`)?.();
      return typeof read === "object" ? read.get(label ?? "") : read;
    },
    values: (id, name) => values.get(`${id} ${name}`) ?? [],
  };
}
