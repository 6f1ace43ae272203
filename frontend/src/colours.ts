// Colours that people with any kind of colour vision tell apart: those of Masataka Okabe and Kei Ito ("Color Universal Design",
// 2008) for kinds, and a way from dark to light, or light to dark, for numbers.

import { bins, COLOURS, NO_BAR } from "./columns";
import type { Colour, Colours, Column, Style } from "./model";

const BLUE: Colour = [0, 114, 178];
const SKY: Colour = [86, 180, 233];
const VERMILION: Colour = [213, 94, 0];
const ORANGE: Colour = [230, 159, 0];
const GREEN: Colour = [0, 158, 115];
const PURPLE: Colour = [204, 121, 167];
const YELLOW: Colour = [240, 228, 66];
const GREY: Colour = [128, 128, 128];

// Yellow is not seen on white, nor black on black: each ground has its own eight.
const ON_LIGHT: readonly Colour[] = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, [23, 22, 19], [122, 92, 0]];
const ON_DARK: readonly Colour[] = [SKY, ORANGE, [38, 196, 152], PURPLE, YELLOW, [255, 126, 51], [237, 236, 231], [96, 150, 255]];

// From cividis (Nunez, Anderton, Renslow, "Optimizing colormaps with consideration for color vision deficiency", 2018), without
// the end that would vanish on the ground.
const ORDERED_ON_LIGHT: readonly Colour[] = [[0, 42, 104], [40, 70, 112], [76, 86, 112], [104, 110, 118], [134, 131, 118], [166, 152, 106], [200, 175, 84], [226, 188, 46]];
const ORDERED_ON_DARK: readonly Colour[] = [[78, 104, 168], [92, 118, 160], [112, 130, 152], [134, 143, 144], [160, 158, 134], [189, 175, 118], [219, 199, 94], [253, 231, 55]];

/** What an image is drawn in, by the polarity of the ink. */
export const PLAIN = {
  light: { paper: [255, 255, 255], ink: [23, 22, 19], outside: [236, 233, 224] },
  dark: { paper: [29, 29, 33], ink: [237, 236, 231], outside: [11, 11, 13] },
} as const satisfies Record<string, { paper: Colour; ink: Colour; outside: Colour }>;

export const CHOSEN: { readonly light: Colour; readonly dark: Colour } = { light: [255, 214, 102], dark: [122, 84, 0] };

function mixed(one: Colour, other: Colour, share: number): Colour {
  return [0, 1, 2].map((at) => Math.round(one[at] + (other[at] - one[at]) * share)) as unknown as Colour;
}

/** The colours of the bars of a column, and that of rows without a value, last. */
export function palette(column: Column, dark: boolean): readonly Colour[] {
  const { count } = bins(column, COLOURS);
  const all = column.entry.kind === "category" ? (dark ? ON_DARK : ON_LIGHT) : dark ? ORDERED_ON_DARK : ORDERED_ON_LIGHT;
  const spread = (bar: number) => (column.entry.kind === "category" || count < 2 ? bar : Math.round((bar * (all.length - 1)) / (count - 1)));
  return [...Array.from({ length: count }, (_, bar) => all[spread(bar)]), GREY];
}

/** Colours for a picture: by a column where one is given, chosen images on paper of their own. */
export function coloursFor(column: Column | null, chosen: Uint8Array | null, dark: boolean): Colours {
  const ground = dark ? PLAIN.dark : PLAIN.light;
  const marked = dark ? CHOSEN.dark : CHOSEN.light;
  const inks = column === null ? [ground.ink] : palette(column, dark);
  const styles: Style[] = inks.map((ink) => ({ paper: column === null ? ground.paper : mixed(ground.paper, ink, 0.12), ink }));
  const all = [...styles, ...styles.map(({ ink }) => ({ paper: marked, ink }))];
  if (column === null && chosen === null) return { outside: ground.outside, styles };
  const of = column === null ? null : bins(column, COLOURS);
  const n = of?.index.length ?? chosen!.length;
  const byRow = new Uint8Array(n);
  for (let row = 0; row < n; row++) {
    const bar = of === null ? 0 : of.index[row] === NO_BAR ? of.count : of.index[row];
    byRow[row] = bar + (chosen !== null && chosen[row] === 1 ? inks.length : 0);
  }
  return { outside: ground.outside, styles: all, byRow };
}

/** What a legend shows of a column: a colour and a label for each bar. */
export function legendOf(column: Column, dark: boolean): readonly { readonly colour: Colour; readonly label: string }[] {
  const { labels, index } = bins(column, COLOURS);
  const colours = palette(column, dark);
  const entries = labels.map((label, bar) => ({ colour: colours[bar], label }));
  return index.includes(NO_BAR) ? [...entries, { colour: colours[labels.length], label: "no value" }] : entries;
}

export const css = ([red, green, blue]: Colour) => `rgb(${red} ${green} ${blue})`;
