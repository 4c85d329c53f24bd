// A chaos run: what it says as it goes, and its verdict.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ChaosView } from "../view.js";

export function ChaosRun({ chaos }: { readonly chaos: ChaosView }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const { lines, state, hasReport } = chaos;
  // The latest line is to be seen.
  useEffect(() => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [lines.length]);
  return (
    <section class="card chaos" aria-labelledby="chaos-title">
      <h2 id="chaos-title">Chaos run</h2>
      <p class={`verdict ${state}`} role="status">
        {verdictOf(chaos)}
      </p>
      {hasReport && (
        <p>
          <a href="v1/chaos/report">The report, with charts</a>
        </p>
      )}
      {lines.length > 0 && (
        <div ref={box} class="scroll said" tabindex={0} role="region" aria-label="What it says">
          <pre>{lines.join("\n")}</pre>
        </div>
      )}
    </section>
  );
}

function verdictOf({ state, seconds, lines }: ChaosView): string {
  if (state === "running") return `${seconds} s of faults, then it is healed and checked`;
  // The run ends with its verdict.
  return state === "stopped" ? "stopped: nothing was proven" : (lines.at(-1) ?? state);
}
