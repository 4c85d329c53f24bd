// A chaos run that is started from the dashboard: what it says as it goes, and its verdict. For the
// proof alone (`npm run proof -- all --only long-tests`): it takes two minutes.
import { noBrowser, violationsIn } from "@raftkit-app/browser";
import { expect, test } from "vitest";
import { up } from "./support/cluster.js";
import {
  DARK,
  openPage,
  PHONE,
  PREPARE_MS,
  press,
  startBrowser,
  takeScreenshot,
  urlOf,
} from "./support/dashboard-page.js";
import { temporaryDirectory } from "./support/environment.js";

const VERDICT_MS = 240_000;

test.skipIf(noBrowser !== undefined)(
  "chaos is started on the page, which shows each fault and the verdict",
  { timeout: PREPARE_MS + VERDICT_MS },
  async () => {
    await using browser = await startBrowser();
    const cluster = await up(["--data", temporaryDirectory()]);
    const page = await openPage(browser, urlOf(cluster));
    await press(page, "Start chaos");
    await page.locator(".verdict.running").waitFor();
    await page.locator(".said", { hasText: /kill-/ }).waitFor({ timeout: VERDICT_MS });
    await takeScreenshot(page, "chaos-running");
    // It disturbs nobody but its own cluster.
    expect(await page.locator(".node.down").count()).toBe(0);
    const verdict = page.locator(".verdict:not(.running)");
    await verdict.waitFor({ timeout: VERDICT_MS });
    expect(await verdict.textContent()).toMatch(/^passed: \d+ checks$/);
    expect(await page.locator(".verdict.passed").count()).toBe(1);
    expect(await violationsIn(page)).toEqual([]);
    await takeScreenshot(page, "chaos");
    await page.getByRole("link", { name: "The report, with charts" }).click();
    await page.getByRole("heading", { name: "Chaos run: passed" }).waitFor();
    await page.locator("canvas").first().waitFor();
    await takeScreenshot(page, "chaos-report");
    expect(await violationsIn(page)).toEqual([]);
    const dark = await openPage(browser, urlOf(cluster), { ...PHONE, ...DARK });
    await dark.locator(".verdict.passed").waitFor();
    await takeScreenshot(dark, "chaos-phone-dark");
  },
);
