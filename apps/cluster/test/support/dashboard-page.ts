// The dashboard in a real browser: what is on the page, and how people use it.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchBrowser } from "@raftkit-app/browser";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { build } from "vite";
import { expect, onTestFinished } from "vitest";
import type { UpCluster } from "./cluster.js";

const dashboard = fileURLToPath(new URL("../../../dashboard/", import.meta.url));
const screenshots = fileURLToPath(new URL("../../dist/screenshots/", import.meta.url));

/** Unpacking the browser for the first time takes a while. */
export const PREPARE_MS = 300_000;

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true } as const;
export const DARK = { colorScheme: "dark" } as const;

/** With the page as its sources are. */
export async function startBrowser(): Promise<Browser> {
  mkdirSync(screenshots, { recursive: true });
  const configFile = join(dashboard, "vite.config.ts");
  for (const mode of ["production", "report"]) await build({ configFile, mode, logLevel: "warn" });
  return launchBrowser();
}

export const urlOf = ({ httpBase }: UpCluster): string => `http://127.0.0.1:${httpBase}/`;

/** Once it shows a node. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const page = await openAny(browser, url, options);
  await page.locator(".node.leader, .node.follower").first().waitFor();
  return page;
}

/**
 * A page that asks nobody but its own server, and reports nothing that isn't expected. Unless told
 * otherwise nothing on it moves: a browser that draws without a graphics card needs a core for that.
 */
export async function openAny(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const viewport = { width: 1440, height: 900 };
  const page = await browser.newPage({ viewport, reducedMotion: "reduce", ...options });
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
  return page;
}

export async function takeScreenshot(page: Page, name: string, fullPage = true): Promise<void> {
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage });
}

export const nodeIn = (page: Page, name: RegExp | string): ReturnType<Page["locator"]> =>
  page.getByRole("button", { name });

export const press = (page: Page, name: string): Promise<void> =>
  page.getByRole("button", { name, exact: true }).click();

export const happened = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator(".events li", { hasText: text }).first().waitFor();

/** How long a command of several steps may take: it has limits of its own. */
const COMMAND_MS = 100_000;

/** What the page says of the last command. */
export const isTold = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator("header .message", { hasText: text }).waitFor({ timeout: COMMAND_MS });

export async function select(page: Page, id: string): Promise<void> {
  await nodeIn(page, new RegExp(`^${id} term`)).click();
  await page.locator(".inspector h2", { hasText: id }).waitFor();
}

/** Its number, as the page shows it once it does. */
export async function leaderIn(page: Page): Promise<string> {
  const leader = page.locator(".node.leader .node-name");
  await leader.waitFor();
  return ((await leader.textContent()) ?? "").trim();
}
