// HTML and SVG elements as text. Everything that isn't made by this file is escaped: contents and
// attributes.

/** What has been made here, and may be put into other elements as it is. */
export interface Markup {
  readonly markup: string;
}

export type Content = Markup | string | number | readonly Content[];

/** For text and for quoted attributes. Control characters that XML doesn't know are replaced. */
export function escape(text: string): string {
  const known = Array.from(text, (char) =>
    char < " " && !"\t\n\r".includes(char) ? "\u{FFFD}" : char,
  ).join("");
  return known
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** Numbers are written with two digits after the point at most. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>> = {},
  ...content: readonly Content[]
): Markup {
  const given = Object.entries(attributes).map(
    ([attribute, value]) =>
      ` ${attribute}="${typeof value === "number" ? short(value) : escape(value)}"`,
  );
  return { markup: `<${name}${given.join("")}>${content.map(render).join("")}</${name}>` };
}

export function render(content: Content): string {
  if (typeof content === "string") return escape(content);
  if (typeof content === "number") return short(content);
  if ("markup" in content) return content.markup;
  return content.map(render).join("");
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
