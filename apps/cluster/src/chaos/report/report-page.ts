// A run's findings as one page: nothing loaded from anywhere, no script but the one that draws its
// charts, and a policy that says so to the browser.
import { createHash } from "node:crypto";
import type { RunCharts, RunFigures } from "@raftkit-app/dashboard";
import { chart, MARGINS } from "./chart.js";
import { element, render } from "./markup.js";
import type { Content, Markup } from "./markup.js";
import { STYLE } from "./report-style.js";
import { faultsOf } from "./report.js";
import type { ChaosReport } from "./report.js";

/** @param charts what draws throughput and latency; undefined: they aren't drawn */
export function reportPage(report: ChaosReport, charts: RunCharts | undefined): string {
  const style = `${STYLE}${charts?.style ?? ""}`;
  const scripts = charts ? ` script-src '${hashOf(charts.script)}';` : "";
  const policy = `default-src 'none'; style-src '${hashOf(style)}';${scripts} base-uri 'none'; form-action 'none'`;
  const title = `Chaos run, seed ${report.seed}: ${report.ok ? "passed" : "failed"}`;
  const head = element(
    "head",
    {},
    voidElement("meta", { charset: "utf-8" }),
    voidElement("meta", { name: "viewport", content: "width=device-width" }),
    voidElement("meta", { "http-equiv": "Content-Security-Policy", content: policy }),
    element("title", {}, title),
    { markup: `<style>${style}</style>` },
  );
  const main = element(
    "main",
    {},
    element(
      "h1",
      {},
      "Chaos run: ",
      element("span", { class: report.ok ? "ok" : "failed" }, report.ok ? "passed" : "failed"),
    ),
    element(
      "p",
      { class: "quiet" },
      `${report.nodes} server processes, ${report.clients} clients, ${seconds(report.durationMs)} from ${report.startedAt}. The same faults again: --nodes ${report.nodes} --seconds ${report.secondsAsked} --seed ${report.seed}`,
    ),
    figures(report),
    element("h2", {}, "What was checked"),
    wide("The checks", checks(report)),
    element("h2", {}, "What happened"),
    legends(),
    wide(
      "What happened, over time",
      chart(report),
      element("div", { id: "charts" }, element("p", { class: "quiet" }, whyNoCharts(charts))),
    ),
    element("h2", {}, "Faults, one by one"),
    element(
      "details",
      {},
      element("summary", {}, faultsText(report)),
      wide("The faults", faults(report)),
    ),
  );
  const body = element("body", {}, main, charts ? drawCharts(report, charts) : "");
  return `<!doctype html>\n${render(element("html", { lang: "en" }, head, body))}\n`;
}

/** Scrolls where there is little room, by keyboard, too. */
function wide(label: string, ...content: readonly Content[]): Markup {
  const attributes = { class: "scroll", tabindex: 0, role: "region", "aria-label": label };
  return element("div", attributes, ...content);
}

function faultsText(report: ChaosReport): string {
  const count = faultsOf(report).length;
  const futile = report.injectedFaults.length - count;
  return `${count} faults${futile > 0 ? `, ${futile} without effect` : ""}`;
}

/** Read where no script runs, too. */
function whyNoCharts(charts: RunCharts | undefined): string {
  return charts
    ? "Throughput and latency are drawn by a script of this page; report.json has their figures."
    : "Throughput and latency aren't drawn: npm run build builds what draws them. report.json has their figures.";
}

/** The figures, and after them the script that draws them. */
function drawCharts({ durationMs, seconds, outages }: ChaosReport, { script }: RunCharts): Content {
  const figures: RunFigures = { ...MARGINS, durationMs, seconds, outages };
  // Numbers: there is nothing in them that could end the element.
  const data = `<script type="application/json" id="figures">${JSON.stringify(figures)}</script>`;
  return { markup: `${data}<script>${script}</script>` };
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function voidElement(name: string, attributes: Readonly<Record<string, string>>): Markup {
  return { markup: element(name, attributes).markup.replace(`</${name}>`, "") };
}

function figures(report: ChaosReport): Markup {
  const { totals, outages, leadershipTerms, recoveryMs, p50Ms, p99Ms, durationMs } = report;
  const { snapshots, sessions, watches, reads } = report;
  const effective = faultsOf(report);
  const out = outages.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const rows: readonly (readonly [string, string])[] = [
    [String(totals.done), `answered (${Math.round(totals.done / (durationMs / 1000))}/s)`],
    [String(totals.refused), "refused: certainly not done"],
    [String(totals.unknown), "outcome unknown"],
    [`${ms(p50Ms)} / ${ms(p99Ms)}`, "latency p50 / p99"],
    [
      String(effective.length),
      `faults of ${new Set(effective.map(({ kind }) => kind)).size} kinds`,
    ],
    [String(leadershipTerms), "terms with a leader"],
    [`${snapshots.saved} / ${snapshots.installed}`, "snapshots saved / installed"],
    [`${sessions.writes} / ${sessions.repeats}`, "session writes / sent again"],
    [`${reads.lease} / ${reads.local + reads.atLeast}`, "reads with a lease / of older states"],
    [`${report.nodes} / ${report.members.length}`, "members at the start / at the end"],
    [String(watches.changes), "changes watched"],
    [`${watches.resumptions} / ${watches.lists}`, "watches resumed / listed again"],
    [seconds(out), "without acknowledged writes"],
    [recoveryMs === null ? "never" : ms(recoveryMs), "from the last healing until all served"],
  ];
  return element(
    "div",
    { class: "figures" },
    rows.map(([value, what]) =>
      element("div", {}, element("b", {}, value), element("span", {}, what)),
    ),
  );
}

function checks(report: ChaosReport): Markup {
  return element(
    "table",
    {},
    report.checks.map(({ name, ok, detail }) =>
      element(
        "tr",
        {},
        element("td", { class: ok ? "ok" : "failed" }, ok ? "ok" : "failed"),
        element("td", { class: "name" }, name),
        element(
          "td",
          { class: "more" },
          detail.includes("\n") ? element("pre", {}, detail) : detail,
        ),
      ),
    ),
  );
}

function faults({ injectedFaults }: ChaosReport): Markup {
  const rows = injectedFaults.map(({ kind, fromMs, toMs, target, effect }) =>
    element(
      "tr",
      {},
      element("td", { class: "when" }, `${(fromMs / 1000).toFixed(1)} to ${seconds(toMs)}`),
      element("td", { class: "name" }, kind),
      element("td", { class: "more" }, target),
      element("td", { class: "more" }, effect),
    ),
  );
  return element(
    "table",
    {},
    element(
      "tr",
      { class: "head" },
      ["when", "kind", "whom", "effect"].map((name) => element("th", {}, name)),
    ),
    rows,
  );
}

/** One for each part of the picture. */
function legends(): Content {
  const all: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    [
      "Faults",
      [
        ["process-fault", "of a process"],
        ["link-fault", "of links"],
        ["member-fault", "an operator's command"],
        ["link-fault no-effect", "without effect"],
        ["outage", "no acknowledged write for over a second"],
      ],
    ],
    [
      "Nodes",
      [
        ["leader", "leads"],
        ["state-up", "up"],
        ["state-starting", "starting"],
        ["state-down", "down"],
        ["state-paused", "paused"],
        ["state-wiped", "wiped"],
      ],
    ],
  ];
  const swatch = (name: string): Content =>
    element(
      "svg",
      { viewBox: "0 0 12 12", "aria-hidden": "true" },
      element("rect", { class: name, x: 0, y: 0, width: 12, height: 12 }),
    );
  return all.map(([title, items]) =>
    element(
      "div",
      { class: "legend" },
      element("b", {}, title),
      items.map(([name, text]) => element("span", {}, swatch(name), text)),
    ),
  );
}

function ms(value: number | null): string {
  return value === null ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function seconds(valueMs: number): string {
  return `${(valueMs / 1000).toFixed(1)} s`;
}
