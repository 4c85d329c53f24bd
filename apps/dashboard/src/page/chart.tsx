// One chart over time: up to two lines, with their latest values as text.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

export interface Line {
  readonly name: string;
  /** A colour of the page, such as `--append`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

const HEIGHT = 88;
/** Between two times that are written below a chart. */
const SECONDS = [1, 2, 5, 10, 15, 30, 60];

export function Chart({
  title,
  at,
  lines,
  format,
}: {
  readonly title: string;
  /** Seconds since the epoch. */
  readonly at: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const { current } = box;
    if (!current) return;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(current.clientWidth, lines, format), [[]], current);
    };
    draw();
    const resized = new ResizeObserver(() =>
      plot.current?.setSize({ width: current.clientWidth, height: HEIGHT }),
    );
    resized.observe(current);
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      theme.removeEventListener("change", draw);
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => {
    plot.current?.setData([[...at], ...lines.map(({ values }) => [...values])]);
  }, [at]);
  return (
    <figure class="chart">
      <figcaption>
        <h2>{title}</h2>
        {lines.map(({ name, colour, values }) => {
          const latest = values.findLast((value) => value !== null) ?? null;
          return (
            <span key={name} class={`latest ${colour.slice(2)}`}>
              {name} <b>{latest === null ? "–" : format(latest)}</b>
            </span>
          );
        })}
      </figcaption>
      <div ref={box} class="plot" aria-hidden="true" />
    </figure>
  );
}

function optionsOf(
  width: number,
  lines: readonly Line[],
  format: (value: number) => string,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--quiet"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, max) => [0, Math.max(max * 1.1, 1)] } },
    axes: [
      { ...axis, size: 22, incrs: SECONDS, values: (_, times) => times.map(clockText) },
      { ...axis, size: 56, space: 18, values: (_, values) => values.map(format) },
    ],
    series: [
      {},
      ...lines.map(({ name, colour: of }) => ({
        label: name,
        stroke: colour(of),
        width: 2,
        points: { show: false },
        ...(lines.length === 1 && { fill: `${colour(of)}22` }),
      })),
    ],
  };
}

function clockText(at: number): string {
  return new Date(at * 1000).toLocaleTimeString("en-GB");
}
