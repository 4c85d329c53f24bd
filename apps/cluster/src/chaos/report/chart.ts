// The picture of a run: faults, and nodes with their leader, over one time axis, as SVG without any
// style of its own (report-style.ts has the colours). The charts below it have the same axis.
import { element } from "./markup.js";
import type { Content, Markup } from "./markup.js";
import { nodeName } from "../faults/fault-names.js";
import type { ChaosReport } from "./report.js";
import { FAULT_KINDS, LINK_FAULTS, MEMBER_FAULTS } from "../faults/schedule.js";
import type { FaultKind } from "../faults/schedule.js";
import { spansOf } from "./spans.js";

const WIDTH = 1200;
const LEFT = 118;
const RIGHT = 16;
const LANE = 17;
const NODE_LANE = 22;
const TITLE = 40;

/** Beside the time axis, as parts of the width. */
export const MARGINS = { left: LEFT / WIDTH, right: RIGHT / WIDTH } as const;

/** What every panel needs: where a time is, and where the panel begins. */
interface Frame {
  readonly report: ChaosReport;
  readonly x: (ms: number) => number;
  readonly top: number;
}

interface Panel {
  readonly height: number;
  readonly draw: (frame: Frame) => readonly Content[];
}

export function chart(report: ChaosReport): Markup {
  const x = (ms: number): number =>
    LEFT +
    (Math.min(Math.max(ms, 0), report.durationMs) / report.durationMs) * (WIDTH - LEFT - RIGHT);
  const panels: Panel[] = [
    { height: FAULT_KINDS.length * LANE, draw: drawFaults },
    { height: lanesOf(report) * NODE_LANE, draw: drawNodes },
  ];
  const titles = ["Faults", "Nodes and leaders (L: term)"];
  let top = 0;
  const drawn = panels.map(({ height, draw }, i) => {
    const frame = { report, x, top: top + TITLE };
    top += TITLE + height;
    return element(
      "g",
      {},
      element("text", { class: "title", x: 0, y: frame.top - 10 }, titles[i] ?? ""),
      grid(frame, height),
      outages(frame, height),
      ...draw(frame),
    );
  });
  return element(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${top + 30}`,
      role: "img",
      "aria-label": "Faults and nodes over time",
    },
    drawn,
    axis(report, x, top),
  );
}

/** A round number of seconds such that there are about ten marks. */
function marks(durationMs: number): number[] {
  const stepS =
    [1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((step) => durationMs / 1000 / step <= 14) ?? 600;
  return Array.from({ length: Math.floor(durationMs / 1000 / stepS) + 1 }, (_, i) => i * stepS);
}

function grid({ report, x, top }: Frame, height: number): Content {
  return marks(report.durationMs).map((second) =>
    line("grid", x(second * 1000), top, x(second * 1000), top + height),
  );
}

function outages({ report, x, top }: Frame, height: number): Content {
  return report.outages.map(({ fromMs, toMs }) =>
    rect(
      "outage",
      x(fromMs),
      top,
      x(toMs) - x(fromMs),
      height,
      `no acknowledged write for ${secondsText(toMs - fromMs)}`,
    ),
  );
}

function axis(report: ChaosReport, x: Frame["x"], top: number): Content {
  const healed = x(report.healedMs);
  return [
    marks(report.durationMs).map((second) =>
      element("text", { class: "mark", x: x(second * 1000), y: top + 14 }, `${second} s`),
    ),
    line("healed", healed, TITLE - 4, healed, top),
    element("text", { class: "mark healed-text", x: healed, y: TITLE - 10 }, "all healed"),
  ];
}

function drawFaults({ report, x, top }: Frame): readonly Content[] {
  return FAULT_KINDS.map((kind, lane) => {
    const y = top + lane * LANE;
    const track = trackClass(kind);
    const bars = report.injectedFaults
      .filter((injected) => injected.kind === kind)
      .map(({ fromMs, toMs, target, effect, tookEffect }) =>
        rect(
          tookEffect ? track : `${track} no-effect`,
          x(fromMs),
          y + 2,
          Math.max(2, x(toMs) - x(fromMs)),
          LANE - 4,
          `${kind}, ${timeText(fromMs, toMs)}: ${target}${effect === "" ? "" : ` (${effect})`}`,
        ),
      );
    return [label(kind, y + LANE / 2), bars];
  });
}

function trackClass(kind: FaultKind): string {
  if (MEMBER_FAULTS.some((member) => member === kind)) return "member-fault";
  return LINK_FAULTS.some((link) => link === kind) ? "link-fault" : "process-fault";
}

/** One for each node that was ever there. */
function lanesOf({ nodes, states }: ChaosReport): number {
  return states.reduce((most, { node }) => Math.max(most, node + 1), nodes);
}

function drawNodes({ report, x, top }: Frame): readonly Content[] {
  return Array.from({ length: lanesOf(report) }, (_, node) => {
    const y = top + node * NODE_LANE;
    const states = spansOf(
      report.states.filter((change) => change.node === node),
      report.durationMs,
    ).filter(({ value }) => value.state !== "absent");
    const leadershipTerms = spansOf(
      report.roles.filter((change) => change.node === node),
      report.durationMs,
    ).filter(({ value }) => value.role === "leader");
    return [
      label(nodeName(node), y + NODE_LANE / 2),
      states.map(({ fromMs, toMs, value }) =>
        rect(
          `state-${value.state}`,
          x(fromMs),
          y + 2,
          x(toMs) - x(fromMs),
          NODE_LANE - 4,
          `${nodeName(node)} ${value.state}, ${timeText(fromMs, toMs)}`,
        ),
      ),
      leadershipTerms.map(({ fromMs, toMs, value }) => {
        const width = x(toMs) - x(fromMs);
        const text = `L:${value.term}`;
        return [
          rect(
            "leader",
            x(fromMs),
            y + 5,
            width,
            NODE_LANE - 10,
            `${nodeName(node)} leads in term ${value.term}, ${timeText(fromMs, toMs)}`,
          ),
          width > text.length * 8
            ? element(
                "text",
                { class: "term", x: x(fromMs) + width / 2, y: y + NODE_LANE / 2 },
                text,
              )
            : "",
        ];
      }),
    ];
  });
}

function label(text: string, y: number): Markup {
  return element("text", { class: "label", x: LEFT - 8, y }, text);
}

function line(name: string, x1: number, y1: number, x2: number, y2: number): Markup {
  return element("line", { class: name, x1, y1, x2, y2 });
}

function rect(
  name: string,
  x: number,
  y: number,
  width: number,
  height: number,
  title: string,
): Markup {
  return element("rect", { class: name, x, y, width, height }, element("title", {}, title));
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function timeText(fromMs: number, toMs: number): string {
  return `${(fromMs / 1000).toFixed(1)} to ${secondsText(toMs)}`;
}
