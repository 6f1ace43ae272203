// Keys on the images.

import { chooseRange, choose, showItem, toggleChosen, type Store } from "../state";
import type { Zooming } from "../zooming";
import { end, leap, step, type Direction } from "./moves";
import { squareOfCell, type Scene } from "./scene";

const ARROWS: Readonly<Record<string, Direction>> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
const FACTOR = 1.5;

/** The row of the keyboard's cell: the active one or, where that is not to be seen, the first of the selection. */
export function activeRow(store: Store, scene: Scene): number | null {
  const { value: active } = store.active;
  if (active !== null && scene.cellOf.value[active] >= 0) return active;
  return store.selection.value.rows[0] ?? null;
}

/** Moves the plane just as far as it takes to see a row. */
export function reveal(scene: Scene, zooming: Zooming, row: number): void {
  const cell = scene.cellOf.value[row];
  if (cell < 0) return;
  const square = squareOfCell(cell, scene.layout.value, scene.place.value);
  const { left, top, right, bottom } = scene.box.value;
  const into = (low: number, high: number, least: number, most: number) => (low < least ? least - low : high > most ? Math.max(most - high, least - low) : 0);
  const [x, y] = [into(square.left, square.right, left - 1, right + 1), into(square.top, square.bottom, top - 1, bottom + 1)];
  if (x !== 0 || y !== 0) zooming.move(x, y);
}

function target(scene: Scene, cell: number, event: KeyboardEvent): number | null {
  const layout = scene.layout.value;
  const all = event.ctrlKey || event.metaKey;
  if (event.altKey || (all && event.key !== "Home" && event.key !== "End")) return null;
  if (event.key in ARROWS) return step(layout, cell, ARROWS[event.key]);
  if (event.key === "Home" || event.key === "End") return end(layout, cell, event.key === "End", all);
  if (event.key !== "PageUp" && event.key !== "PageDown") return null;
  const { top, bottom } = scene.box.value;
  const lines = Math.max(1, Math.floor((bottom - top) / scene.place.value.k) - 1);
  return leap(layout, cell, event.key === "PageDown" ? lines : -lines);
}

export function pressing(store: Store, scene: Scene, zooming: () => Zooming | null): (event: KeyboardEvent) => void {
  let anchor: number | null = null; // that a range begins with
  const zoom = (factor: number) => {
    const cell = scene.cellOf.value[store.active.value ?? -1] ?? -1;
    const square = cell < 0 ? null : squareOfCell(cell, scene.layout.value, scene.place.value);
    zooming()?.scale(factor, square === null ? undefined : [(square.left + square.right) / 2, (square.top + square.bottom) / 2]);
  };
  const others: Readonly<Record<string, (row: number) => void>> = {
    Enter: (row) => showItem(store, row),
    " ": (row) => toggleChosen(store, row),
    "+": () => zoom(FACTOR),
    "=": () => zoom(FACTOR),
    "-": () => zoom(1 / FACTOR),
    "0": () => void (store.view.value = null),
  };
  return (event) => {
    const row = activeRow(store, scene);
    if (row === null) return;
    const other = event.ctrlKey || event.metaKey || event.altKey ? undefined : others[event.key];
    const cell = other === undefined ? target(scene, scene.cellOf.value[row], event) : null;
    if (other === undefined && cell === null) return;
    event.preventDefault();
    if (cell === null) return other!(row);
    const next = scene.layout.value.cells[cell];
    if (event.shiftKey) {
      anchor ??= row;
      choose(store, []);
      chooseRange(store, anchor, next);
    } else anchor = null;
    store.active.value = next;
  };
}
