// The map: images by their first two principal components. They are computed in the worker when the map is first wanted.

import { signal, type Signal } from "@preact/signals";
import type { Column, Dataset } from "./model";
import { neighboursOf } from "./neighbours/client";

export interface Components {
  readonly x: Column;
  readonly y: Column;
}

const made = new WeakMap<Dataset, Signal<Components | null>>();

function componentColumn(name: string, title: string, stored: Float32Array, share: number): Column {
  const doc = `Along the direction of the pixels in which the images differ most, ${(100 * share).toFixed(1)} % of their variance.`;
  const entry = { name, title: `${title}, ${(100 * share).toFixed(1)} % of the variance`, kind: "real", dtype: "float32", offset: 0, length: stored.length, min: 0, max: 0, unit: "", doc, scale: 1 } as const;
  return { entry, stored };
}

/** The components of a data set: null until they are there. */
export function componentsOf(data: Dataset): Signal<Components | null> {
  let found = made.get(data);
  if (found === undefined) {
    const begun = signal<Components | null>(null);
    made.set(data, (found = begun));
    neighboursOf(data)
      .ask<"project">({ kind: "project" })
      .answer.then(
        ({ x, y, explained }) => (begun.value = { x: componentColumn("map_x", "First component", x, explained[0]), y: componentColumn("map_y", "Second component", y, explained[1]) }),
        (error: unknown) => (made.delete(data), console.error(error)),
      );
  }
  return found;
}
