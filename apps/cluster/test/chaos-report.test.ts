// The report as a page and as text: whole, safe, and the same for the same findings.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { element, escape, render } from "../src/chaos/report/markup.js";
import { reportPage } from "../src/chaos/report/report-page.js";
import { reportText, verdictLine } from "../src/chaos/report/report-text.js";
import type { ChaosReport } from "../src/chaos/report/report.js";
import { FAULT_KINDS } from "../src/chaos/faults/schedule.js";
import { spansOf } from "../src/chaos/report/spans.js";

const HOSTILE = `</title><script>alert("&'\u0000")</script><img src=x onerror=y>`;

const report: ChaosReport = {
  seed: 7,
  nodes: 3,
  secondsAsked: 4,
  clients: 2,
  keys: 3,
  keysUsed: 4,
  rate: 100,
  startedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 4500,
  healedMs: 4000,
  recoveryMs: 120,
  ok: false,
  checks: [
    { name: "linearizable", ok: false, detail: `first\n${HOSTILE}` },
    { name: "all nodes equal", ok: true, detail: "3 nodes" },
  ],
  totals: { done: 90, refused: 5, unknown: 2, wrong: 1 },
  recorded: 92,
  p50Ms: 1.25,
  p99Ms: 30,
  seconds: [
    { counts: { done: 50, refused: 0, unknown: 0, wrong: 0 }, p50Ms: 1, p99Ms: 20 },
    { counts: { done: 0, refused: 5, unknown: 2, wrong: 1 }, p50Ms: null, p99Ms: null },
    { counts: { done: 30, refused: 0, unknown: 0, wrong: 0 }, p50Ms: 2, p99Ms: 30 },
    { counts: { done: 10, refused: 0, unknown: 0, wrong: 0 }, p50Ms: 3, p99Ms: 40 },
  ],
  outages: [{ fromMs: 900, toMs: 2100 }],
  injectedFaults: [
    {
      kind: "kill-leader",
      fromMs: 900,
      toMs: 2000,
      target: `n1 ${HOSTILE}`,
      effect: "",
      tookEffect: true,
    },
    {
      kind: "delay",
      fromMs: 1000,
      toMs: 4000,
      target: "n1 → n2",
      effect: "5 bytes delayed",
      tookEffect: true,
    },
    {
      kind: "throttle",
      fromMs: 3000,
      toMs: 3500,
      target: "n1 → n3",
      effect: "no effect, not counted",
      tookEffect: false,
    },
  ],
  roles: [
    { atMs: 0, node: 0, role: "leader", term: 2 },
    { atMs: 950, node: 0, role: "silent", term: 2 },
    { atMs: 1800, node: 1, role: "leader", term: 3 },
  ],
  states: [
    { atMs: 0, node: 0, state: "up" },
    { atMs: 900, node: 0, state: "down" },
    { atMs: 2000, node: 0, state: "up" },
    { atMs: 0, node: 1, state: "up" },
    { atMs: 0, node: 2, state: "up" },
  ],
  leadershipTerms: 2,
  network: {
    proxies: 6,
    carriedBytes: 3_000_000,
    droppedBytes: 0,
    delayedBytes: 5,
    resetConnections: 1,
  },
  snapshots: { saved: 40, installed: 3 },
  sessions: { opened: 2, writes: 30, repeats: 70, answeredRepeats: 50 },
  reads: { linearizable: 20, lease: 10, local: 5, atLeast: 6 },
  members: ["n1", "n2", "n4"],
  watches: { changes: 55, resumptions: 6, lists: 1 },
};

const TAG = /<(\/?)([a-z0-9]+)((?: [a-zA-Z0-9-]+="[^"<>]*")*)>/g;

/** The page without its style and its first line, which aren't elements. */
const bodyOf = (html: string): string =>
  html.replace(/<style>[^<>]*<\/style>/, "").replace("<!doctype html>", "");

/**
 * The names of the tags that are open at the end, or the first that doesn't fit: a page that a
 * strict reader would take.
 */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  for (const [, closing, name = ""] of html.matchAll(TAG)) {
    if (name === "meta") continue;
    if (closing === "") open.push(name);
    else if (open.pop() !== name) return [name];
  }
  return open;
}

describe("the page", () => {
  const html = reportPage(report);

  test("is whole: every tag is closed, and nothing looks like a tag that isn't one", () => {
    expect(unbalanced(bodyOf(html))).toEqual([]);
    expect(bodyOf(html).match(/[<>]/g)).toHaveLength(2 * (bodyOf(html).match(TAG)?.length ?? 0));
  });

  test("loads nothing and runs nothing; its policy allows its own style alone", () => {
    expect(html).not.toMatch(/@import|url\(|https?:/);
    const tags = [...bodyOf(html).matchAll(TAG)];
    expect(
      tags.filter(([, , name = ""]) => /^(script|link|img|iframe|object|style)$/.test(name)),
    ).toEqual([]);
    expect(
      tags.filter(([, , , attributes = ""]) => / (on[a-z]+|style|src|href)=/i.test(attributes)),
    ).toEqual([]);
    const style = /<style>([^<>]*)<\/style>/.exec(html)?.[1] ?? "";
    expect(html).toContain(
      `default-src &#39;none&#39;; style-src &#39;sha256-${createHash("sha256").update(style).digest("base64")}&#39;`,
    );
  });

  test("escapes what it is told", () => {
    expect(html).toContain("&lt;script&gt;alert(&quot;&amp;&#39;\u{FFFD}&quot;)&lt;/script&gt;");
    expect(render(element("a", { title: HOSTILE }, HOSTILE))).toBe(
      `<a title="${escape(HOSTILE)}">${escape(HOSTILE)}</a>`,
    );
  });

  test("shows what happened: each fault in the lane of its kind, leaders with their terms, states, gaps", () => {
    for (const kind of FAULT_KINDS) expect(html).toContain(`>${kind}</text>`);
    expect(html).toContain("<title>delay, 1.0 to 4.0 s: n1 → n2 (5 bytes delayed)</title>");
    expect(html).toMatch(
      /class="link-fault no-effect"[^>]*><title>throttle, 3.0 to 3.5 s: n1 → n3 \(no effect, not counted\)<.title>/,
    );
    expect(html).toContain("<b>2</b><span>faults of 2 kinds</span>");
    for (const [value, what] of [
      ["40 / 3", "snapshots saved / installed"],
      ["30 / 70", "session writes / sent again"],
      ["55", "changes watched"],
      ["6 / 1", "watches resumed / listed again"],
    ]) {
      expect(html).toContain(`<b>${value}</b><span>${what}</span>`);
    }
    expect(html).toContain("<title>n1 leads in term 2, 0.0 to 0.9 s</title>");
    expect(html).toContain("<title>n2 leads in term 3, 1.8 to 4.5 s</title>");
    expect(html).toContain("<title>n1 down, 0.9 to 2.0 s</title>");
    expect(html).toContain("<title>second 1: 2 unknown</title>");
    expect(html).toContain("<title>no acknowledged write for 1.2 s</title>");
    // The second without answers parts the curves: a point before it, a line after it.
    expect(html.match(/<circle class="p50Ms"/g)).toHaveLength(1);
    expect(html.match(/<polyline class="p50Ms" points="\S+ \S+"/g)).toHaveLength(1);
  });

  test.each(["light", "dark"])("its legend has a colour for each thing, by %s", (scheme) => {
    const style = /<style>([^<>]*)<\/style>/.exec(html)?.[1] ?? "";
    const [light = "", dark = ""] = style.match(/:root \{[^}]*\}/g) ?? [];
    const valueOf = (name: string): string =>
      new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(scheme === "dark" ? dark : light)?.[1] ?? "";
    const classes = [
      ...html.matchAll(/<rect class="([^"]+)" x="0" y="0" width="12" height="12">/g),
    ].map(([, name = ""]) => name);
    const fills = classes.map((name) => {
      const [first = "", ...others] = name.split(" ");
      return [
        valueOf(new RegExp(`\\.${first} \\{ fill: var\\(--([a-z0-9]+)\\)`).exec(style)?.[1] ?? ""),
        ...others,
      ].join(" ");
    });
    expect(classes).toHaveLength(17);
    for (const fill of fills) expect(fill).toMatch(/^#[0-9a-f]{6}( no-effect)?$/);
    expect(new Set(fills).size).toBe(17);
  });

  test("no two headings say the same", () => {
    const headings = [
      ...html.matchAll(/<h2>([^<]*)<\/h2>|<text class="title"[^>]*>([^<]*)<\/text>/g),
    ].map(([, heading, title]) => heading ?? title);
    expect(headings).toHaveLength(7);
    expect(new Set(headings).size).toBe(headings.length);
  });

  test("has no number that isn't one", () =>
    expect(html).not.toMatch(/NaN|Infinity|undefined|null/));

  test("is drawn also where nothing happened", () => {
    const empty = reportPage({
      ...report,
      seconds: [],
      outages: [],
      injectedFaults: [],
      roles: [],
      states: [],
      recoveryMs: null,
      p50Ms: null,
      p99Ms: null,
      checks: [],
    });
    expect(unbalanced(bodyOf(empty))).toEqual([]);
    expect(empty).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe("the text", () => {
  test("tells it in a few lines, failures with their detail", () => {
    expect(reportText(report)).toBe(`
operations  90 answered (20/s), 5 refused, 2 unknown, 1 WRONG; p50 1.3 ms, p99 30.0 ms
faults      2: kill-leader 1, delay 1; 1 more without effect
links       6 proxies, 2.9 MiB carried, 0 KiB dropped, 0 KiB delayed, connections reset: 1
snapshots   40 saved, 3 installed
sessions    30 writes in 2 sessions, 70 sent again, 50 of which were answered
watches     55 changes, resumed 6 times, listed again 1 times
reads       20 that ask a majority, 10 with a lease, 5 local, 6 with atLeast
members     3 at the start, at the end n1, n2, n4
leaders     in 2 terms
outages     once longer than a second without an acknowledged write, 1.2 s in all, the longest 1.2 s

FAILED  linearizable     first
                         ${HOSTILE}
ok      all nodes equal  3 nodes
`);
  });

  test("ends with a verdict", () => {
    expect(verdictLine(false, report.checks)).toBe("FAILED: linearizable");
    expect(verdictLine(true, report.checks)).toBe("passed: 2 checks");
  });
});

test("spans: each change holds until the next, the last until the end", () => {
  expect(spansOf([{ atMs: 5 }, { atMs: -3 }, { atMs: 5 }, { atMs: 20 }], 10)).toEqual([
    { fromMs: 0, toMs: 5, value: { atMs: -3 } },
    { fromMs: 5, toMs: 10, value: { atMs: 5 } },
  ]);
});
