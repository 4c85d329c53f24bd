// The dashboard in a real browser, over real servers: what its controls do to the processes, and what
// the page then shows.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { noBrowser, violationsIn } from "@raftkit-app/browser";
import { runCharts } from "@raftkit-app/dashboard";
import type { HistogramView, RaftView } from "@raftkit-app/dashboard";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportPage } from "../src/chaos/report/report-page.js";
import { up } from "./support/cluster.js";
import type { UpCluster } from "./support/cluster.js";
import {
  DARK,
  happened,
  leaderIn,
  nodeIn,
  openAny,
  openPage,
  PHONE,
  PREPARE_MS,
  press,
  select,
  startBrowser,
  takeScreenshot,
  urlOf,
} from "./support/dashboard-page.js";
import { isRunning, temporaryDirectory } from "./support/environment.js";
import { sampleReport } from "./support/sample-report.js";

const TEST_MS = 120_000;

const pidOf = async (cluster: UpCluster, id: string): Promise<number> =>
  (await cluster.nodes()).find((node) => node.id === id)?.pid ?? 0;

const title = noBrowser === undefined ? "in a browser" : `in a browser (${noBrowser})`;

describe.skipIf(noBrowser !== undefined)(title, { timeout: TEST_MS }, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startBrowser();
  }, PREPARE_MS);

  afterAll(async () => {
    await browser?.close();
  }, PREPARE_MS);

  const open = (url: string, options: BrowserContextOptions = {}): Promise<Page> =>
    openPage(browser, url, options);

  test("kills, starts, pauses and isolates real processes, and shows what becomes of it", async () => {
    const cluster = await up(["--data", temporaryDirectory()]);
    const page = await open(urlOf(cluster));
    const first = await leaderIn(page);
    const pid = await pidOf(cluster, first);
    await select(page, first);
    await press(page, "Kill");
    await nodeIn(page, new RegExp(`^${first} term \\d+ down`)).waitFor();
    expect(isRunning(pid)).toBe(false);
    await happened(page, `${first} is down, as requested`);
    const second = await leaderIn(page);
    expect(second).not.toBe(first);
    await happened(page, `${second} leads in term`);
    await takeScreenshot(page, "killed", false);
    await press(page, "Start");
    await nodeIn(page, new RegExp(`^${first} term \\d+ follower`)).waitFor();
    expect(isRunning(await pidOf(cluster, first))).toBe(true);

    await select(page, second);
    await press(page, "Isolate");
    await happened(page, /^.*cut: .*–/);
    // It leads on for a while, as far as it knows: no majority hears it.
    await happened(page, new RegExp(`(?!${second})n\\d leads in term`));
    await expect.poll(() => leaderIn(page)).not.toBe(second);
    // Alone it asks again and again, and begins no term.
    await nodeIn(page, new RegExp(`^${second} term \\d+ pre-candidate`)).waitFor();
    await happened(page, `${second} asks who would vote for it`);
    await press(page, "Reconnect");
    await nodeIn(page, new RegExp(`^${second} term \\d+ follower`)).waitFor();

    const third = await leaderIn(page);
    await select(page, third);
    await press(page, "Pause");
    await nodeIn(page, new RegExp(`^${third} term \\d+ paused`)).waitFor();
    await expect.poll(() => leaderIn(page)).not.toBe(third);
    await press(page, "Continue");
    await nodeIn(page, new RegExp(`^${third} term \\d+ follower`)).waitFor();
    await press(page, "Hand leadership to it");
    await nodeIn(page, new RegExp(`^${third} term \\d+ leader`)).waitFor();

    const link = page.locator(".link.cut");
    await nodeIn(page, /^n1 term/).dragTo(nodeIn(page, /^n3 term/));
    await link.waitFor();
    await happened(page, "cut: n1 – n3");
    await nodeIn(page, /^n3 term/).dragTo(nodeIn(page, /^n1 term/));
    await link.waitFor({ state: "detached" });

    await press(page, "Back to the cluster");
    await press(page, "Add a node");
    await nodeIn(page, /^n4 term \d+ follower/).waitFor();
    await happened(page, "n1, n2, n3, n4 vote");
  });

  test("slows a real disk, saves a snapshot, and transfers the leadership of real nodes", async () => {
    const data = temporaryDirectory();
    const cluster = await up(["--data", data]);
    const page = await open(urlOf(cluster));
    const first = await leaderIn(page);
    const [follower = ""] = ["n1", "n2", "n3"].filter((id) => id !== first);
    await select(page, follower);

    // On a busy machine it may lead by now.
    const of = Number(follower.slice(1));
    const slowBefore = await slowSyncs(cluster, of);
    await press(page, "Slow its disk");
    await nodeIn(
      page,
      new RegExp(`^${follower} term \\d+ (follower|leader), slow disk$`),
    ).waitFor();
    await happened(page, `${follower} has a slow disk: 300 ms more for each write`);
    // A majority is as fast as before; the slow one has it later.
    const put = { method: "PUT", body: "1" };
    await expect.poll(async () => (await fetch(`${cluster.http(of)}/v1/kv/a`, put)).ok).toBe(true);
    await expect.poll(() => slowSyncs(cluster, of)).toBeGreaterThan(slowBefore);
    await press(page, "Restore its disk");
    await nodeIn(page, new RegExp(`^${follower} term \\d+ (follower|leader)$`)).waitFor();

    await press(page, "Snapshot");
    await happened(page, `${follower} has a snapshot of everything up to`);
    await page.locator(".inspector dd", { hasText: /^up to \d+, / }).waitFor();
    expect((await viewOf(cluster, of)).snapshot?.index).toBeGreaterThan(0);

    await press(page, "Back to the cluster");
    const leader = await leaderIn(page);
    await press(page, "Transfer the leadership");
    await expect.poll(() => leaderIn(page)).not.toBe(leader);
  });

  test("puts, deletes and follows keys; shows load; finds its server again; is for everyone", async () => {
    const cluster = await up(["--data", temporaryDirectory()]);
    const page = await open(urlOf(cluster), { reducedMotion: "no-preference" });
    await leaderIn(page);
    const row = (text: string): ReturnType<Page["locator"]> =>
      page.locator(".keys tbody tr", { hasText: text });
    await page.getByLabel("Key", { exact: true }).fill("a b/ü");
    await page.getByLabel("Value", { exact: true }).fill("from the page");
    await press(page, "Put");
    await row("a b/ü").waitFor();
    const path = `/v1/kv/${encodeURIComponent("a b/ü")}`;
    expect(await (await fetch(cluster.http(2) + path)).text()).toBe("from the page");
    await fetch(cluster.http(3) + path, { method: "PUT", body: "<b>elsewhere</b>" });
    await row("<b>elsewhere</b>").waitFor();
    await press(page, "Delete a b/ü");
    await row("a b/ü").waitFor({ state: "detached" });
    expect((await fetch(cluster.http(1) + path)).status).toBe(404);

    await press(page, "Start load");
    await page.locator(".trials", { hasText: /\d+ done/ }).waitFor();
    await row("load/0").waitFor();
    await page.locator(".latest b", { hasText: /ms/ }).first().waitFor();
    // Each node gets messages, and sends some.
    await expect
      .poll(() => page.locator("td", { hasText: /^[1-9]\d* in, [1-9]\d* out$/ }).count())
      .toBe(3);
    await takeScreenshot(page, "dashboard");
    expect(await violationsIn(page)).toEqual([]);
    await press(page, "Stop the load");

    const dark = await open(urlOf(cluster), { ...PHONE, ...DARK });
    const leader = await leaderIn(dark);
    await nodeIn(dark, new RegExp(`^${leader} term`)).focus();
    await dark.keyboard.press("Enter");
    await dark.locator(".inspector h2", { hasText: leader }).waitFor();
    expect(await violationsIn(dark)).toEqual([]);
    const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await dark.evaluate(overflow)).toBe(0);
    await takeScreenshot(dark, "phone-dark");

    const own = await open(`${cluster.http(1)}/`);
    await nodeIn(own, /^n1 term \d+ (leader|follower)/).waitFor();
    expect(await own.getByRole("button", { name: "Kill" }).count()).toBe(0);
    await select(page, "n1");
    await press(page, "Kill");
    await own.getByText("Connecting…").waitFor();
    await press(page, "Start");
    await own.getByText("Live").waitFor();
    await nodeIn(own, /^n1 term \d+ follower/).waitFor();
    await takeScreenshot(own, "node");
  });

  test("draws the charts of a chaos run's report, in a page that loads nothing", async () => {
    const file = join(temporaryDirectory(), "report.html");
    const charts = await runCharts();
    writeFileSync(file, reportPage(sampleReport, charts));
    const page = await openAny(browser, pathToFileURL(file).href);
    await page.getByRole("heading", { name: "Latency of answers" }).waitFor();
    expect(await page.getByText("npm run build").count()).toBe(0);
    expect(await page.locator("canvas").count()).toBe(2);
    // It is told what was where the pointer is: in the first second 50 were answered.
    const [plot] = await page.locator(".u-over").all();
    await plot?.hover({ position: { x: 1, y: 10 } });
    await page.locator(".latest", { hasText: "answered 50" }).waitFor();
    await takeScreenshot(page, "report");
    // Its time is that of the picture above it.
    const [own, above] = await Promise.all(
      [".u-over", ".scroll .outage"].map((of) => page.locator(of).first().boundingBox()),
    );
    const { durationMs, outages } = sampleReport;
    const from = (own?.x ?? 0) + ((outages[0]?.fromMs ?? 0) / durationMs) * (own?.width ?? 0);
    expect(Math.abs(from - (above?.x ?? 0))).toBeLessThan(2);
    expect(await violationsIn(page)).toEqual([]);
    const phone = await openAny(browser, pathToFileURL(file).href, { ...PHONE, ...DARK });
    await phone.locator("canvas").first().waitFor();
    await takeScreenshot(phone, "report-phone-dark");
    expect(await violationsIn(phone)).toEqual([]);
  });
});

/** What a node says of itself. */
async function viewOf(cluster: UpCluster, number: number): Promise<RaftView> {
  return (await fetch(`${cluster.http(number)}/v1/view`)).json();
}

/** Writes of its log that took longer than a quarter of a second. */
async function slowSyncs(cluster: UpCluster, number: number): Promise<number> {
  const { bounds, counts }: HistogramView = (await viewOf(cluster, number)).figures.sync;
  const slow = counts.filter((_, i) => (bounds[i - 1] ?? 0) >= 0.25);
  return slow.reduce((sum, count) => sum + count, 0);
}
