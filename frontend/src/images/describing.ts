// What an image is called: "test 42, ink 112, 1 hole, 3rd of 1,284".

import { valueOf } from "../columns";
import { whereabouts } from "../data";
import type { Dataset } from "../model";

export function ordinal(number: number): string {
  const teen = number % 100 > 10 && number % 100 < 14;
  return `${number.toLocaleString("en")}${teen ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th")}`;
}

/** Split, position, and what can be said in short. */
export function describe(data: Dataset, row: number): string {
  const { split, index } = whereabouts(data, row);
  const [ink, holes] = [data.columns.get("ink"), data.columns.get("holes")];
  const parts = [`${split} ${index.toLocaleString("en")}`];
  if (ink !== undefined) parts.push(`ink ${valueOf(ink, row).toLocaleString("en")}`);
  if (holes !== undefined) parts.push(valueOf(holes, row) === 1 ? "1 hole" : `${valueOf(holes, row).toLocaleString("en")} holes`);
  return parts.join(", ");
}

/** The same, and where in the selection it is. */
export function describeAmong(data: Dataset, row: number, rows: Uint32Array): string {
  return `${describe(data, row)}, ${ordinal(rows.indexOf(row) + 1)} of ${rows.length.toLocaleString("en")}`;
}
