// The public packages as tarballs, as they would be published.
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "./report.js";
import { together } from "./report.js";

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** What has a README with examples: a package, or the whole. */
export interface Documented {
  readonly folder: string;
  readonly manifest: Manifest;
}

export interface Package extends Documented {
  readonly tarball: string;
}

/** @param project where the tarballs go, into a folder of their own */
export function publicPackages(root: string, project: string): readonly Package[] {
  return readdirSync(join(root, "packages")).flatMap((name) => {
    const folder = join(root, "packages", name);
    if (!existsSync(join(folder, "package.json"))) return [];
    const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
    const tarball = join(project, "tarballs", file);
    return manifest.private === true ? [] : [{ manifest, folder, tarball }];
  });
}

/** Packs all, and checks each tarball by itself. */
export async function packAll(
  root: string,
  project: string,
  packages: readonly Package[],
  { prove, add }: Report,
): Promise<void> {
  const bin = (name: string): string => join(root, "node_modules/.bin", name);
  const destination = join(project, "tarballs");
  mkdirSync(destination);
  const pack = ["--recursive", "--filter", "./packages/*", "pack"];
  await prove("all packages pack", [bin("pnpm"), ...pack, "--pack-destination", destination], root);
  for (const { manifest, tarball } of packages) {
    add(`${manifest.name}: has a tarball`, existsSync(tarball), tarball);
  }
  const attwOptions = ["--profile", "esm-only", "--format", "ascii", "--no-color"];
  await together(
    packages.flatMap(({ manifest: { name }, tarball }) => [
      () =>
        prove(`${name}: publint --strict`, [bin("publint"), "run", tarball, "--strict"], project),
      () =>
        prove(`${name}: attw --profile esm-only`, [bin("attw"), tarball, ...attwOptions], project),
    ]),
  );
}
