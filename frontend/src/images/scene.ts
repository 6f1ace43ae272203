// What is to be drawn and where: the layout of the selection in the room that there is, and the part of it that is seen.

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { coloursFor } from "../colours";
import { layoutOf, mixed, placesOf, scatter } from "../layouts";
import { componentsOf } from "../map";
import type { Colours, Layout, View } from "../model";
import type { Store } from "../state";
import { dark } from "../theme";
import type { Box, Limits, Place } from "../zooming";
import type { Point } from "./lasso";

export interface Size {
  readonly width: number; // CSS pixels
  readonly height: number;
}

export interface Hovered {
  readonly row: number;
  readonly x: number; // of the pointer
  readonly y: number;
}

/** What dragging does: it moves the plane, or chooses images in a band or inside a line. */
export type Tool = "move" | "band" | "lasso";

export interface Scene {
  readonly size: Signal<Size>;
  readonly place: Signal<Place>;
  readonly hovered: Signal<Hovered | null>;
  readonly band: Signal<Box | null>; // that the pointer is drawing
  readonly lasso: Signal<readonly Point[] | null>; // the line that it is drawing around images
  readonly tool: Signal<Tool>;
  readonly box: ReadonlySignal<Box>; // where the plane is seen
  readonly layout: ReadonlySignal<Layout>;
  readonly cellOf: ReadonlySignal<Int32Array>; // by row, -1 where it is not in the layout
  readonly fit: ReadonlySignal<Place>; // all of the plane
  readonly limits: ReadonlySignal<Limits>;
  readonly colours: ReadonlySignal<Colours>;
}

export const HEADING = 26; // CSS pixels
const EDGE = 8;
const AXIS_BELOW = 44;
const AXIS_BESIDE = 56;
const LARGEST_AT_FIRST = 6; // CSS pixels of a bit, when few images have much room
const LARGEST = 40;

export function boxOf({ width, height }: Size, layout: string): Box {
  return {
    left: layout === "scatter" || layout === "map" ? AXIS_BESIDE : EDGE,
    top: EDGE,
    right: Math.max(width - EDGE, 1),
    bottom: Math.max(height - (layout === "scatter" || layout === "map" || layout === "columns" ? AXIS_BELOW : EDGE), 1),
  };
}

export function fitting(layout: Layout, box: Box, bits: number): Place {
  const [width, height] = [Math.max(box.right - box.left, 1), Math.max(box.bottom - box.top, 1)];
  const [across, down] = [Math.max(layout.width, 1), Math.max(layout.height, 1)];
  const k = Math.min(width / across, height / down, LARGEST_AT_FIRST * bits);
  return { k, x: box.left + (width - k * across) / 2, y: box.top + (height - k * down) / 2 };
}

export function createScene(store: Store): Scene {
  const { manifest } = store.data;
  const bits = Math.max(manifest.width, manifest.height);
  const size = signal<Size>({ width: 1024, height: 768 });
  const box = computed(() => boxOf(size.value, store.layout.value));
  const layout = computed(() => {
    const { left, top, right, bottom } = box.value;
    const room = { width: Math.max(right - left, 1), height: Math.max(bottom - top, 1), heading: HEADING };
    const { rows } = store.selection.value;
    // Images that share a place make room for one another. Without a sort none has a better right to it than another.
    const fair = () => (store.sort.value === null ? mixed(rows) : rows);
    const name = store.layout.value;
    const map = name === "map" ? componentsOf(store.data).value : null;
    if (map !== null) return scatter(fair(), map.x, map.y, room);
    return layoutOf(store.data, name === "scatter" ? fair() : rows, { layout: name, group: store.group.value, x: store.x.value, y: store.y.value }, room);
  });
  const fit = computed(() => fitting(layout.value, box.value, bits));
  const column = computed(() => (store.colour.value === null ? null : (store.data.columns.get(store.colour.value) ?? null)));
  return {
    size,
    place: signal<Place>({ k: 1, x: 0, y: 0 }),
    hovered: signal<Hovered | null>(null),
    band: signal<Box | null>(null),
    lasso: signal<readonly Point[] | null>(null),
    tool: signal<Tool>("move"),
    box,
    layout,
    cellOf: computed(() => placesOf(layout.value, manifest.n)),
    fit,
    limits: computed(() => ({ plane: layout.value, box: box.value, smallest: fit.value.k / 2, largest: Math.max(LARGEST * bits, fit.value.k) })),
    colours: computed(() => coloursFor(column.value, store.chosenCount.value > 0 ? store.chosen.value : null, dark.value !== store.invert.value)),
  };
}

/** The view that the address keeps: in cells from the left top corner of the canvas, in device pixels to an image. */
export function viewOf({ k, x, y }: Place, ratio: number): View {
  return { x: -x / k, y: -y / k, scale: k * ratio };
}

export function placeOf({ x, y, scale }: View, ratio: number): Place {
  const k = scale / ratio;
  return { k, x: -x * k, y: -y * k };
}

const LEAST_SEEN = 8; // CSS pixels

/** Whether anything of the plane is seen from a place; a link may have been made for other data, or by hand. */
export function isSeen({ k, x, y }: Place, layout: { readonly width: number; readonly height: number }, size: Size): boolean {
  const [right, bottom] = [x + k * layout.width, y + k * layout.height];
  return k * Math.max(layout.width, layout.height) >= LEAST_SEEN && right > 0 && bottom > 0 && x < size.width && y < size.height;
}

/** The cell at a point of the canvas, or -1 where the plane is not. */
export function cellAt({ width, height }: Layout, { k, x, y }: Place, point: readonly [number, number]): number {
  const [column, line] = [Math.floor((point[0] - x) / k), Math.floor((point[1] - y) / k)];
  return column < 0 || line < 0 || column >= width || line >= height ? -1 : line * width + column;
}

/** The image at a point of the canvas, or null. */
export function rowAtPoint(layout: Layout, place: Place, point: readonly [number, number]): number | null {
  const cell = cellAt(layout, place, point);
  return cell < 0 || layout.cells[cell] < 0 ? null : layout.cells[cell];
}

/** The images that a band touches. */
export function rowsInBand(layout: Layout, { k, x, y }: Place, band: Box): number[] {
  const clamp = (at: number, most: number) => Math.max(0, Math.min(most - 1, Math.floor(at)));
  const [left, right] = [clamp((band.left - x) / k, layout.width), clamp((band.right - x) / k, layout.width)];
  const [top, bottom] = [clamp((band.top - y) / k, layout.height), clamp((band.bottom - y) / k, layout.height)];
  const outside = band.right < x || band.bottom < y || band.left > x + k * layout.width || band.top > y + k * layout.height;
  const rows: number[] = [];
  for (let line = top; line <= bottom && !outside; line++) {
    for (let cell = line * layout.width + left; cell <= line * layout.width + right; cell++) if (layout.cells[cell] >= 0) rows.push(layout.cells[cell]);
  }
  return rows;
}

/** The square of a cell on the canvas. */
export function squareOfCell(cell: number, { width }: Layout, { k, x, y }: Place): Box {
  const [left, top] = [x + k * (cell % width), y + k * Math.floor(cell / width)];
  return { left, top, right: left + k, bottom: top + k };
}
