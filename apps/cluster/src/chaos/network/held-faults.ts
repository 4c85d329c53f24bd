// The faults that hold on links now, and what they make of each link.
import type { Link, LinkEffect } from "../faults/schedule.js";
import { ruleOf } from "./link-rule.js";
import type { LinkRule } from "./link-rule.js";

interface HeldFault {
  readonly links: readonly Link[];
  readonly effect: LinkEffect;
}

export class HeldFaults {
  readonly #held = new Set<HeldFault>();
  readonly #rules = new Map<string, LinkRule>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** @returns takes the fault away again */
  impose(links: readonly Link[], effect: LinkEffect): () => void {
    const fault = { links, effect };
    this.#held.add(fault);
    this.#changed();
    return () => {
      if (this.#held.delete(fault)) this.#changed();
    };
  }

  heal(): void {
    this.#held.clear();
    this.#changed();
  }

  /** Asked for every packet: kept until the faults change. */
  ruleOf(link: Link): LinkRule {
    const name = String(link);
    const known = this.#rules.get(name);
    if (known) return known;
    const effects = [...this.#held].flatMap(({ links, effect }) =>
      links.some(([from, to]) => from === link[0] && to === link[1]) ? [effect] : [],
    );
    const rule = ruleOf(effects);
    this.#rules.set(name, rule);
    return rule;
  }

  #changed(): void {
    this.#rules.clear();
    this.#onChange();
  }
}
