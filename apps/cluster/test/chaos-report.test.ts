// The report as a page and as text: whole, safe, and the same for the same findings.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { element, escape, render } from "../src/chaos/report/markup.js";
import { reportPage } from "../src/chaos/report/report-page.js";
import { reportText, verdictLine } from "../src/chaos/report/report-text.js";
import { FAULT_KINDS } from "../src/chaos/faults/schedule.js";
import { spansOf } from "../src/chaos/report/spans.js";
import { HOSTILE, sampleReport as report } from "./support/sample-report.js";

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
  const html = reportPage(report, undefined);

  test("is whole: every tag is closed, and nothing looks like a tag that isn't one", () => {
    expect(unbalanced(bodyOf(html))).toEqual([]);
    expect(bodyOf(html).match(/[<>]/g)).toHaveLength(2 * (bodyOf(html).match(TAG)?.length ?? 0));
  });

  test("loads nothing; its policy allows its own style, and the script that draws its charts", () => {
    const charts = { script: `draw("<b>" && 1 < 2)`, style: ".chart { color: red; }" };
    const drawn = reportPage(report, charts);
    const hashed = (text: string): string =>
      `&#39;sha256-${createHash("sha256").update(text).digest("base64")}&#39;`;
    for (const page of [html, drawn]) {
      expect(page).not.toMatch(/@import|url\(|https?:/);
      const style = /<style>([^<>]*)<\/style>/.exec(page)?.[1] ?? "";
      expect(page).toContain(`default-src &#39;none&#39;; style-src ${hashed(style)};`);
      const tags = [...bodyOf(page.replace(charts.script, "")).matchAll(TAG)];
      expect(
        tags.filter(([, , name = ""]) => /^(link|img|iframe|object|style)$/.test(name)),
      ).toEqual([]);
      expect(
        tags.filter(([, , , attributes = ""]) => / (on[a-z]+|style|src|href)=/i.test(attributes)),
      ).toEqual([]);
    }
    expect(html).not.toContain("script-src");
    expect(drawn).toContain(`; script-src ${hashed(charts.script)};`);
    const scripts = drawn.matchAll(/<script([^>]*)>(.*?)<\/script>/g);
    expect([...scripts].map(([, attributes, text = ""]) => [attributes, text])).toEqual([
      [' type="application/json" id="figures"', expect.stringContaining('"durationMs":4500')],
      ["", charts.script],
    ]);
    expect(drawn).toContain(charts.style);
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
    expect(html).toContain("<title>no acknowledged write for 1.2 s</title>");
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
    expect(classes).toHaveLength(11);
    for (const fill of fills) expect(fill).toMatch(/^#[0-9a-f]{6}( no-effect)?$/);
    expect(new Set(fills).size).toBe(11);
  });

  test("no two headings say the same", () => {
    const headings = [
      ...html.matchAll(/<h2>([^<]*)<\/h2>|<text class="title"[^>]*>([^<]*)<\/text>/g),
    ].map(([, heading, title]) => heading ?? title);
    expect(headings).toHaveLength(5);
    expect(new Set(headings).size).toBe(headings.length);
  });

  test("has no number that isn't one", () =>
    expect(html).not.toMatch(/NaN|Infinity|undefined|null/));

  test("is drawn also where nothing happened", () => {
    const nothing = {
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
    };
    const empty = reportPage(nothing, undefined);
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
