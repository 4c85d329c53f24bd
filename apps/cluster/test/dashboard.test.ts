// The dashboard in a real browser, over real servers: what its controls do to the processes, and what
// the page then shows.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchBrowser, noBrowser, violationsIn } from "@raftkit-app/browser";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { isRunning, temporaryDirectory } from "./support/environment.js";
import { up } from "./support/cluster.js";
import type { UpCluster } from "./support/cluster.js";

/** Unpacking the browser for the first time takes a while. */
const PREPARE_MS = 300_000;
const TEST_MS = 120_000;

const dashboard = fileURLToPath(new URL("../../dashboard/", import.meta.url));
const screenshots = fileURLToPath(new URL("../dist/screenshots/", import.meta.url));

const title = noBrowser === undefined ? "in a browser" : `in a browser (${noBrowser})`;

describe.skipIf(noBrowser !== undefined)(title, { timeout: TEST_MS }, () => {
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    await build({ configFile: join(dashboard, "vite.config.ts"), logLevel: "warn" });
    browser = await launchBrowser();
  }, PREPARE_MS);

  afterAll(async () => {
    await browser?.close();
  }, PREPARE_MS);

  /** The page asks nobody but its own server, and reports nothing that isn't expected. */
  async function open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
    const wrong: string[] = [];
    page.on("pageerror", ({ message }) => wrong.push(message));
    page.on("console", (message) => {
      // Requests that are refused, and streams that end, are a part of what is tried.
      const isExpected = message.text().startsWith("Failed to load resource");
      if (["error", "warning"].includes(message.type()) && !isExpected) wrong.push(message.text());
    });
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) wrong.push(request.url());
    });
    onTestFinished(async () => {
      await page.close();
      expect(wrong).toEqual([]);
    });
    await page.goto(url);
    await page.locator(".node.leader, .node.follower").first().waitFor();
    return page;
  }

  const urlOf = ({ httpBase }: UpCluster): string => `http://127.0.0.1:${httpBase}/`;
  const nodeIn = (page: Page, name: RegExp | string): ReturnType<Page["locator"]> =>
    page.getByRole("button", { name });
  const press = (page: Page, name: string): Promise<void> =>
    page.getByRole("button", { name, exact: true }).click();
  const happened = (page: Page, text: string | RegExp): Promise<void> =>
    page.locator(".events li", { hasText: text }).first().waitFor();

  async function select(page: Page, id: string): Promise<void> {
    await nodeIn(page, new RegExp(`^${id} term`)).click();
    await page.locator(".inspector h2", { hasText: id }).waitFor();
  }

  /** Its number, as the page shows it once it does. */
  async function leaderIn(page: Page): Promise<string> {
    const leader = page.locator(".node.leader .node-name");
    await leader.waitFor();
    return ((await leader.textContent()) ?? "").trim();
  }

  test("kills, starts, pauses and isolates real processes, and shows what becomes of it", async () => {
    const cluster = await up(["--data", temporaryDirectory()]);
    const pidOf = async (id: string): Promise<number> =>
      (await cluster.nodes()).find((node) => node.id === id)?.pid ?? 0;
    const page = await open(urlOf(cluster));
    const first = await leaderIn(page);
    const pid = await pidOf(first);
    await select(page, first);
    await press(page, "Kill");
    await nodeIn(page, new RegExp(`^${first} term \\d+ down`)).waitFor();
    expect(isRunning(pid)).toBe(false);
    await happened(page, `${first} is down, as requested`);
    const second = await leaderIn(page);
    expect(second).not.toBe(first);
    await happened(page, `${second} leads in term`);
    await page.screenshot({ path: join(screenshots, "killed.png") });
    await press(page, "Start");
    await nodeIn(page, new RegExp(`^${first} term \\d+ follower`)).waitFor();
    expect(isRunning(await pidOf(first))).toBe(true);

    await select(page, second);
    await press(page, "Isolate");
    await happened(page, /^.*cut: .*–/);
    // It leads on for a while, as far as it knows: no majority hears it.
    await happened(page, new RegExp(`(?!${second})n\\d leads in term`));
    await vi.waitFor(async () => expect(await leaderIn(page)).not.toBe(second));
    await press(page, "Reconnect");
    await nodeIn(page, new RegExp(`^${second} term \\d+ follower`)).waitFor();

    const third = await leaderIn(page);
    await select(page, third);
    await press(page, "Pause");
    await nodeIn(page, new RegExp(`^${third} term \\d+ paused`)).waitFor();
    await vi.waitFor(async () => expect(await leaderIn(page)).not.toBe(third));
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

  test("puts, deletes and follows keys; shows load; finds its server again; is for everyone", async () => {
    const cluster = await up(["--data", temporaryDirectory()]);
    const page = await open(urlOf(cluster));
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
    await page.screenshot({ path: join(screenshots, "dashboard.png"), fullPage: true });
    expect(await violationsIn(page)).toEqual([]);
    await press(page, "Stop the load");

    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true } as const;
    const dark = await open(urlOf(cluster), {
      ...phone,
      colorScheme: "dark",
      reducedMotion: "reduce",
    });
    const leader = await leaderIn(dark);
    await nodeIn(dark, new RegExp(`^${leader} term`)).focus();
    await dark.keyboard.press("Enter");
    await dark.locator(".inspector h2", { hasText: leader }).waitFor();
    expect(await violationsIn(dark)).toEqual([]);
    const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await dark.evaluate(overflow)).toBe(0);
    await dark.screenshot({ path: join(screenshots, "phone-dark.png"), fullPage: true });

    const own = await open(`${cluster.http(1)}/`);
    await nodeIn(own, /^n1 term \d+ (leader|follower)/).waitFor();
    expect(await own.getByRole("button", { name: "Kill" }).count()).toBe(0);
    await select(page, "n1");
    await press(page, "Kill");
    await own.getByText("Connecting…").waitFor();
    await press(page, "Start");
    await own.getByText("Live").waitFor();
    await nodeIn(own, /^n1 term \d+ follower/).waitFor();
    await own.screenshot({ path: join(screenshots, "node.png"), fullPage: true });
  });
});
