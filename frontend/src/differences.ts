// Two models image by image: the nats of one minus those of the other, a column like any other.

import { valueOf } from "./columns";
import { escaped, unescaped } from "./filters";
import type { Column } from "./model";

/** Names of two columns of nats. */
export interface Difference {
  readonly one: string;
  readonly other: string;
}

type Columns = ReadonlyMap<string, Column>;

/** The columns that have a difference. */
export function natsColumns(columns: Columns): Column[] {
  return [...columns.values()].filter(({ entry }) => entry.kind === "nats");
}

/** As the address has it: "nats_made:nats_vae". */
export function differenceText({ one, other }: Difference): string {
  return `${escaped(one)}:${escaped(other)}`;
}

/** The difference that a text says, or null where it says none of two columns of nats. */
export function parseDifference(text: string, columns: Columns): Difference | null {
  const [one, other, ...rest] = text.split(":").map(unescaped);
  const are = [one, other].every((name) => columns.get(name ?? "")?.entry.kind === "nats");
  return are && one !== other && rest.length === 0 ? { one, other } : null;
}

/** What filters, sorts and permalinks call the column of a difference. */
export const differenceName = ({ one, other }: Difference) => `${one}-${other}`;

/** What a model is called whose nats a column has. */
export const modelOf = ({ entry }: Column) => entry.reference ?? entry.title.replace(/^Nats: /, "");

/** One minus the other, NaN for images that do not have both. */
export function differenceColumn(one: Column, other: Column): Column {
  const stored = new Float32Array(one.stored.length);
  let [min, max] = [Infinity, -Infinity];
  for (let row = 0; row < stored.length; row++) {
    const value = (stored[row] = valueOf(one, row) - valueOf(other, row));
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const [a, b] = [modelOf(one), modelOf(other)];
  const entry = {
    name: differenceName({ one: one.entry.name, other: other.entry.name }),
    title: `${a} − ${b}`,
    kind: "real",
    dtype: "float32",
    offset: 0,
    length: stored.length,
    min: min <= max ? min : 0,
    max: min <= max ? max : 0,
    unit: "nats per image",
    doc: `Nats of ${a} minus nats of ${b}, of images that have both: below 0 ${a} beats ${b}, for it finds the image more likely.`,
    scale: 1,
  } as const;
  return { entry, stored };
}

export interface Contest {
  readonly images: number; // that have both
  readonly won: number; // of them, those that the first finds more likely
  readonly mean: number; // difference, in nats per image
}

/** How often a difference is below 0, over all images. */
export function contestOf({ stored }: Column): Contest {
  let [images, won, sum] = [0, 0, 0];
  for (let row = 0; row < stored.length; row++) {
    const value = stored[row];
    if (value !== value) continue;
    images++;
    won += Number(value < 0);
    sum += value;
  }
  return { images, won, mean: sum / images };
}
