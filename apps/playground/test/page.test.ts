// The page as it is published: small, without a way to the network, and in a real browser.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { launchBrowser, noBrowser, violationsIn } from "@raftkit-app/browser";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { buildPage, serve, type Served } from "./support/built-page.js";

/** Unpacking the browser for the first time takes a while. */
const PREPARE_MS = 300_000;
const TEST_MS = 120_000;

const JAVASCRIPT_BYTES_MAX = 150_000;
const screenshots = fileURLToPath(new URL("../dist/screenshots", import.meta.url));

let files: ReadonlyMap<string, Buffer>;
beforeAll(async () => {
  files = await buildPage();
}, PREPARE_MS);

test("it is less than 150 kB of compressed JavaScript in all", () => {
  const scripts = [...files].filter(([path]) => path.endsWith(".js"));
  expect(scripts).not.toEqual([]);
  const bytes = scripts.reduce((sum, [, content]) => sum + gzipSync(content).length, 0);
  expect(bytes).toBeLessThan(JAVASCRIPT_BYTES_MAX);
});

test("it may load nothing but its own files, and connect to nobody", () => {
  const html = files.get("/index.html")?.toString() ?? "";
  expect(html).toMatch(
    /Content-Security-Policy"\s+content="default-src 'none'; script-src 'self';/,
  );
  expect(html).not.toMatch(/unsafe|connect-src/);
  for (const [path, content] of files) {
    const text = content.toString().replaceAll("http://www.w3.org/", "");
    if (/\.(css|html)$/.test(path)) expect(text, path).not.toMatch(/https?:\/\//);
  }
});

const title = noBrowser === undefined ? "in a browser" : `in a browser (${noBrowser})`;

describe.skipIf(noBrowser !== undefined)(title, { timeout: TEST_MS }, () => {
  let browser: Browser;
  let served: Served;

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    served = await serve(files);
    browser = await launchBrowser();
  }, PREPARE_MS);

  afterAll(async () => {
    await browser?.close();
    served?.close();
  }, PREPARE_MS);

  /**
   * Whatever the page does, it reports no error, and asks nobody else for anything.
   * @param before what the browser runs before the page's own scripts
   */
  async function open(hash = "", options: BrowserContextOptions = {}, before = ""): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
    await page.addInitScript(before);
    const wrong: string[] = [];
    page.on("pageerror", ({ message }) => wrong.push(message));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) wrong.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(served.url)) wrong.push(request.url());
    });
    onTestFinished(async () => {
      await page.close();
      expect(wrong).toEqual([]);
    });
    await page.goto(`${served.url}${hash}`);
    return page;
  }

  /** Until what was done is drawn: it is before the second frame from now. */
  const drawn = (page: Page): Promise<unknown> =>
    page.evaluate(
      "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
    );

  async function press(page: Page, name: string): Promise<void> {
    await page.getByRole("button", { name, exact: true }).click();
    await drawn(page);
  }

  async function strike(page: Page, key: string): Promise<void> {
    await page.keyboard.press(key);
    await drawn(page);
  }

  async function openScene(page: Page, id: string): Promise<void> {
    await page.locator("header select").first().selectOption(id);
    await drawn(page);
  }

  /** So many events happen. */
  async function step(page: Page, events: number): Promise<void> {
    await page.evaluate(
      `for (let i = 0; i < ${events}; i++)
        document.querySelector('[aria-label="The next event"]').click();`,
    );
    await drawn(page);
  }

  /** To the end of a scene's step. */
  async function finishStep(page: Page, number: number): Promise<void> {
    await page.getByRole("button", { name: new RegExp(`^Step ${number}:`) }).click();
    await drawn(page);
    await press(page, "Skip to the end");
  }

  const logsOf = (page: Page): Promise<string[]> => page.locator(".logs tbody tr").allInnerTexts();
  const clockOf = (page: Page): Promise<string> => page.locator(".clock").innerText();

  test("plays a scene up to the end of a step, and then the next one", async () => {
    const page = await open();
    await page.getByLabel("Speed").selectOption("200");
    await press(page, "Play");
    await page.getByRole("button", { name: "Next step" }).waitFor();
    const waitsAt = Number.parseFloat(await clockOf(page));
    expect(waitsAt).toBeGreaterThanOrEqual(80);
    expect(waitsAt).toBeLessThan(155);
    await press(page, "Next step");
    await page.locator(".node-role", { hasText: "pre-candidate" }).waitFor();
    expect(await page.getByRole("heading", { name: "The first timer runs out" }).count()).toBe(1);
  });

  test("a message is dropped by clicking on it", async () => {
    const page = await open("#seed=1&nodes=3&to=1.0");
    const dots = page.locator(".ring .dot");
    expect(await dots.count()).toBe(2);
    await strike(page, "ArrowRight");
    const before = await dots.count();
    await dots.last().locator(".dot-mark").click();
    const message = await page.locator(".inspector h2").innerText();
    expect(message).toMatch(/^PreVote(Reply)? from S\d to S\d$/);
    await press(page, "Drop");
    expect(await dots.count()).toBe(before - 1);
    expect(await page.locator(".events li").first().innerText()).toContain("is dropped");
  });

  test("Figure 8: the entry that was on three of five is gone", async () => {
    const page = await open();
    await openScene(page, "figure-8");
    await finishStep(page, 4);
    const termsOf = async (): Promise<string[]> =>
      (await logsOf(page)).map((text) =>
        (text.match(/(?<=^|\s)\d(?=\s*(no-op|config))/g) ?? []).join(" "),
      );
    expect(await termsOf()).toEqual(["1 2 4", "1 2", "1 2", "1", "1 3"]);
    await page.screenshot({ path: join(screenshots, "figure-8.png") });
    await finishStep(page, 6);
    expect(await termsOf()).toEqual(["1 2 4", "1 3 5", "1 3 5", "1 3 5", "1 3 5"]);
    expect(await page.getByRole("button", { name: "S5 term 5 leader" }).count()).toBe(1);
  });

  test("a link that is shared shows the same state, and goes on in the same way", async () => {
    const page = await open();
    await openScene(page, "old-leader");
    await finishStep(page, 3);
    await press(page, "Client request");
    for (let i = 0; i < 5; i++) await strike(page, "ArrowRight");
    await press(page, "Share");
    const { hash } = new URL(page.url());
    const other = await open(hash);
    expect(await other.getByText("This is the run that was shared with you.").count()).toBe(1);
    for (const both of [page, other]) await step(both, 5);
    expect(await clockOf(other)).toBe(await clockOf(page));
    expect(await logsOf(other)).toEqual(await logsOf(page));
    const broken = await open(hash.replace("do=", "do=1.1.z1~"));
    expect(await broken.locator(".message").innerText()).toMatch(
      /is no action\. Here is a new run/,
    );
  });

  test("obeys a key that is struck before the first frame, and draws what it did", async () => {
    // A microtask after the first render, which no frame comes before.
    const strikeOnceRendered = `new MutationObserver((_, observer) => {
      if (document.querySelector("#app")?.firstElementChild == null) return;
      observer.disconnect();
      dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    }).observe(document, { childList: true, subtree: true });`;
    const page = await open("#seed=1&nodes=3&to=0.0", {}, strikeOnceRendered);
    await drawn(page);
    expect(await clockOf(page)).toContain("event 1");
  });

  test("works with the keyboard alone", async () => {
    const page = await open("#seed=1&nodes=3&to=0.0");
    await strike(page, "ArrowRight");
    expect(await clockOf(page)).toContain("event 1");
    await strike(page, "ArrowLeft");
    expect(await clockOf(page)).toContain("event 0");
    await strike(page, " ");
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await strike(page, " ");
    await page.getByRole("button", { name: "Play" }).waitFor();
    await page.getByRole("button", { name: /^S2 term/ }).focus();
    await strike(page, "Enter");
    await page.getByRole("button", { name: "Crash" }).focus();
    await strike(page, "Enter");
    expect(await page.getByRole("button", { name: /^S2 term \d down/ }).count()).toBe(1);
  });

  test("members come and go by clicking on them, and take snapshots", async () => {
    const page = await open("#seed=1&nodes=3&to=60.0");
    const nodeLike = (text: RegExp): Promise<number> =>
      page.getByRole("button", { name: text }).count();
    expect(await nodeLike(/^S\d term 2 leader$/)).toBe(1);
    await press(page, "Start another node");
    expect(await nodeLike(/^S4 term 0 not a member$/)).toBe(1);
    await step(page, 30);
    await page.getByRole("button", { name: /^S4 term/ }).click();
    await press(page, "Add as a learner");
    await step(page, 60);
    expect(await nodeLike(/^S4 term 2 learner$/)).toBe(1);
    await press(page, "Promote to voter");
    await step(page, 60);
    expect(await nodeLike(/^S4 term 2 follower$/)).toBe(1);
    await press(page, "Take a snapshot");
    await step(page, 10);
    expect(await page.locator(".events").innerText()).toMatch(
      /S4 took a snapshot of everything up to index \d/,
    );
    await press(page, "Remove from the cluster");
    await step(page, 60);
    expect(await nodeLike(/^S4 term 2 not a member$/)).toBe(1);
  });

  /** How many pictures of the ring the next frames show after each event. */
  async function picturesOf(page: Page): Promise<number[]> {
    const frames = await page.evaluate<[event: string, ring: string][]>(
      `new Promise((done) => {
        const frames = [];
        const look = () => {
          frames.push([".clock small", ".ring"].map((of) => document.querySelector(of).innerHTML));
          if (frames.length === 20) done(frames);
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      })`,
    );
    const events = [...new Set(frames.map(([event]) => event))];
    return events.map(
      (of) => new Set(frames.flatMap(([event, ring]) => (event === of ? ring : []))).size,
    );
  }

  test.each([
    ["no-preference", "move"],
    ["reduce", "stand still"],
  ] as const)("with a preference of %s, messages %s between two events", async (motion, what) => {
    // Two messages have just been sent, and take at least 10 ms.
    const page = await open("#seed=1&nodes=3&to=1.0", { reducedMotion: motion });
    await page.getByLabel("Speed").selectOption("4");
    await press(page, "Play");
    const most = Math.max(...(await picturesOf(page)));
    if (what === "move") expect(most).toBeGreaterThan(1);
    else expect(most).toBe(1);
    await page.getByLabel("Speed").selectOption("200");
    await page.locator(".clock", { hasText: /event [2-9]/ }).waitFor();
  });

  const devices = [
    ["desktop", {}],
    ["desktop-dark", { colorScheme: "dark" }],
    ["phone", { viewport: { width: 390, height: 844 }, hasTouch: true, reducedMotion: "reduce" }],
    ["phone-dark", { viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme: "dark" }],
  ] as const;

  test.each(devices)("is accessible to everyone, and fits: %s", async (name, options) => {
    const page = await open("", options);
    await openScene(page, "figure-7");
    await finishStep(page, 2);
    await step(page, 14);
    expect(await violationsIn(page)).toEqual([]);
    await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
    await page.getByRole("button", { name: /^S5 term/ }).click();
    await page.locator("summary").click();
    expect(await violationsIn(page)).toEqual([]);
    const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await page.evaluate(overflow)).toBe(0);
  });
});
