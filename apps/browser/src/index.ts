// For tests of pages: a browser without an installation, and a check of what it shows. It is the
// Chromium in the npm package @sparticuz/chromium, unpacked once into node_modules/.cache;
// RAFTKIT_BROWSER names another one.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Why there can be no browser here; undefined: there can. */
export const noBrowser: string | undefined =
  process.env["RAFTKIT_BROWSER"] !== undefined ||
  (process.platform === "linux" && process.arch === "x64")
    ? undefined
    : `no Chromium for ${process.platform} on ${process.arch}; RAFTKIT_BROWSER=/path names one`;

export async function launchBrowser(): Promise<Browser> {
  const own = process.env["RAFTKIT_BROWSER"];
  // Tests run as root, too, where Chromium refuses its sandbox; they open our own page alone.
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  if (own !== undefined) return chromium.launch({ executablePath: own, args });
  const folder = await unpack();
  return chromium.launch({
    executablePath: join(folder, "chromium"),
    args: [...args, "--no-zygote", "--disable-gpu"],
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      // Without it the language is "en-US@posix", which Intl refuses.
      LANG: "en_US.UTF-8",
      FONTCONFIG_PATH: folder,
      LD_LIBRARY_PATH: join(folder, "al2023/lib"),
    },
  });
}

/** @returns the folder with the program, the libraries and the fonts that it needs */
async function unpack(): Promise<string> {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(join(root, "node_modules/@sparticuz/chromium/package.json"), "utf8"),
  );
  const folder = join(root, `node_modules/.cache/chromium-${manifest.version}`);
  if (existsSync(folder)) return folder;
  // Whoever is interrupted unpacks again: only what is whole gets the name.
  const unpacking = `${folder}.${process.pid}`;
  mkdirSync(unpacking, { recursive: true });
  const program = `import chromium from "@sparticuz/chromium"; await chromium.executablePath();`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    cwd: root,
    // It unpacks its libraries only where it believes to be at home.
    env: { ...process.env, TMPDIR: unpacking, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" },
  });
  writeFileSync(
    join(unpacking, "fonts.conf"),
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>
`,
  );
  try {
    renameSync(unpacking, folder);
  } catch (error) {
    // Another test was quicker.
    if (!existsSync(folder)) throw error;
    rmSync(unpacking, { recursive: true });
  }
  return folder;
}

/** What keeps somebody from using the page as it is now, by axe's rules: each with some elements. */
export async function violationsIn(page: Page): Promise<unknown> {
  await page.evaluate(
    readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"),
  );
  return page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) =>
      [id, nodes.map(({ html }) => html).slice(0, 3)]))`,
  );
}
