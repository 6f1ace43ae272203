// The whole state of the page as the fragment of its address, and back. The keys of Know Your Data are kept.
//
//     #tab=STATS&dataset=binarized_mnist&v=1&filter=ink:80..120,split:test&sort=-ink&group=holes&item=test/42
//
// Unknown keys are ignored, and a value that makes no sense counts as absent. What depends on the data (does this column
// exist?) is decided later, in state.ts.

export const FORMAT = 1;

export interface Link {
  readonly tab: string;
  readonly dataset: string | null;
  readonly differences: readonly string[]; // columns made of two others; texts, see differences.ts
  readonly filters: readonly string[]; // texts, see filters.ts
  readonly sort: { readonly column: string; readonly descending: boolean } | null;
  readonly group: string | null;
  readonly color: string | null;
  readonly layout: string | null;
  readonly x: string | null;
  readonly y: string | null;
  readonly view: readonly [number, number, number] | null; // left, top in cells; device pixels to an image
  readonly item: { readonly split: string; readonly index: number } | null;
  readonly invert: boolean;
  /** What the panels keep, by their own keys: `down=ink&across=holes`. */
  readonly panels: Readonly<Record<string, string>>;
}

export const PANEL_KEYS: readonly string[] = [
  "down", // the column down the side of the relations
  "across", // the column along the top of the relations
  "shift", // pixels by which an image may move when neighbours are looked for
  "among", // where neighbours are looked for: "train", "selection"
  "first", // the first set of a comparison: "split train", "selection", "rest", "chosen"
  "second", // the second
  "ordercolumn", // the number whose moving mean is shown
  "ordersplit", // over which split
  "orderby", // "line" for the order of the upstream lines
  "window", // images in a mean
  "scale", // of the histograms: "same" for counts on the scale of all images
];

export const DEFAULT: Link = {
  tab: "STATS",
  dataset: null,
  differences: [],
  filters: [],
  sort: null,
  group: null,
  color: null,
  layout: null,
  x: null,
  y: null,
  view: null,
  item: null,
  invert: false,
  panels: {},
};

/** Percent-encodes what a fragment must not have or what has a meaning in it; the rest stays readable. */
function encoded(text: string): string {
  return encodeURIComponent(wellFormed(text)).replace(/%(2C|3A|3B|40|2F)/g, (code) => decodeURIComponent(code));
}

/** Half of a surrogate pair cannot be written in an address. */
function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

export function encode(link: Link): string {
  const pairs: [string, string | null | undefined][] = [
    ["tab", link.tab],
    ["dataset", link.dataset],
    ["v", String(FORMAT)],
    ["difference", link.differences.length === 0 ? null : link.differences.join(",")],
    ["filter", link.filters.length === 0 ? null : link.filters.join(",")],
    ["sort", link.sort === null ? null : `${link.sort.descending ? "-" : "+"}${link.sort.column}`.replace(/^\+(?![+-])/, "")],
    ["group", link.group],
    ["color", link.color],
    ["layout", link.layout],
    ["x", link.x],
    ["y", link.y],
    ["view", link.view === null ? null : link.view.map((number) => String(Number(number.toPrecision(9)))).join(",")],
    ["item", link.item === null ? null : `${link.item.split}/${link.item.index}`],
    ["ink", link.invert ? "inverted" : null],
    ...PANEL_KEYS.map((key): [string, string | undefined] => [key, link.panels[key]]),
  ];
  return pairs
    .filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== undefined)
    .map(([key, value]) => `${key}=${encoded(value)}`)
    .join("&");
}

function sortOf(text: string | undefined): Link["sort"] {
  if (!text) return null;
  const signed = text.startsWith("-") || text.startsWith("+");
  const column = signed ? text.slice(1) : text;
  return column === "" ? null : { column, descending: text.startsWith("-") };
}

function viewOf(text: string | undefined): Link["view"] {
  const numbers = (text ?? "").split(",").map((part) => (/^-?[\d.]+(e[+-]?\d+)?$/.test(part) ? Number(part) : NaN));
  if (numbers.length !== 3 || !numbers.every(Number.isFinite) || numbers[2] <= 0) return null;
  return [numbers[0], numbers[1], numbers[2]];
}

function itemOf(text: string | undefined): Link["item"] {
  const found = /^(.+)\/(\d{1,9})$/s.exec(text ?? "");
  return found === null ? null : { split: found[1], index: Number(found[2]) };
}

/** Whether a fragment is one that a page wrote: it then says everything, and what it does not say is absent. */
export const isWritten = (fragment: string): boolean => /^#?(?:.*&)?v=\d/.test(fragment);

/** The state that a fragment (with or without its #) describes. */
export function decode(fragment: string): Link {
  const values = new Map<string, string>();
  for (const pair of fragment.replace(/^#/, "").split("&")) {
    const at = pair.indexOf("=");
    const [key, value] = at < 0 ? [null, null] : [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))];
    if (key !== null && value !== null && value !== "" && !values.has(key)) values.set(key, value);
  }
  const text = (key: string) => values.get(key) ?? null;
  const list = (key: string) => (values.get(key) ?? "").split(",").filter((one) => one !== "");
  const panels = PANEL_KEYS.filter((key) => values.has(key)).map((key) => [key, values.get(key)!]);
  return {
    tab: /^[A-Z]{1,20}$/.test(values.get("tab") ?? "") ? values.get("tab")! : DEFAULT.tab,
    dataset: text("dataset"),
    differences: list("difference"),
    filters: list("filter"),
    sort: sortOf(values.get("sort")),
    group: text("group"),
    color: text("color"),
    layout: text("layout"),
    x: text("x"),
    y: text("y"),
    view: viewOf(values.get("view")),
    item: itemOf(values.get("item")),
    invert: values.get("ink") === "inverted",
    panels: Object.fromEntries(panels),
  };
}
