// Which files of the repository are pages of the site, and where a link between files leads there.
// Files link to each other as on GitHub, so that both work.
import { existsSync, statSync } from "node:fs";
import { dirname, join, normalize, posix } from "node:path";

export const REPOSITORY = "https://github.com/raftkit/raftkit";

const PLACES: readonly (readonly [file: RegExp, page: string])[] = [
  [/^docs\/(.+)\.md$/, "$1.md"],
  [/^(packages|apps)\/([\w-]+)\/README\.md$/, "$1/$2.md"],
  [/^apps\/docs\/api\/(.+)\.md$/, "api/$1.md"],
  [/^(README|CONTRIBUTING|SECURITY)\.md$/, "$1.md"],
];

/** @returns the path of a file's page on the site; undefined: it has none */
export function pageOf(file: string): string | undefined {
  const [place, page = ""] = PLACES.find(([pattern]) => pattern.test(file)) ?? [];
  if (place === undefined) return undefined;
  const path = file.replace(place, page);
  return path.startsWith("decisions/README") ? "decisions/index.md" : path.toLowerCase();
}

/** A link as it stands in a file, resolved. */
export interface Target {
  /** In the repository. Undefined: the link leads elsewhere. */
  readonly file: string | undefined;
  readonly anchor: string;
}

/** @param from the file that has the link, in the repository */
export function targetOf(root: string, from: string, link: string): Target {
  const own = new RegExp(`^${REPOSITORY}/(?:blob|tree)/main/([^#]*)(?:#(.*))?$`).exec(link);
  if (own === null && /^[a-z]+:/.test(link)) return { file: undefined, anchor: "" };
  const [path = "", anchor = ""] = own?.slice(1) ?? decodeURI(link).split("#");
  const base = own === null ? dirname(from) : ".";
  const file = path === "" && own === null ? from : posix.normalize(normalize(join(base, path)));
  const readme = posix.join(file, "README.md");
  const isFolder = existsSync(join(root, file)) && statSync(join(root, file)).isDirectory();
  return { file: isFolder && existsSync(join(root, readme)) ? readme : file, anchor };
}

/** Where a link of a file leads on the site: to a page, or to the file at GitHub. */
export function hrefOf(root: string, from: string, link: string): string {
  const { file, anchor } = targetOf(root, from, link);
  if (file === undefined) return link;
  const page = pageOf(file);
  const place = page === undefined ? `${REPOSITORY}/blob/main/${file}` : `/${page}`;
  return anchor === "" ? place : `${place}#${anchor}`;
}

/** The anchor of a heading, as GitHub makes it. */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}
