// What the pointer does to the images: it points, shows, chooses, and draws a band or a line around those to be chosen.

import { choose, chooseRange, showItem, toggleChosen, type Store } from "../state";
import { rowsInLasso, type Point } from "./lasso";
import { rowAtPoint, rowsInBand, type Scene } from "./scene";

const CLICK = 4; // CSS pixels that a pointer may move in a click
const STEP = 2; // from one corner of a line to the next

export interface Pointing {
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerLeave: () => void;
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onPointerUp: (event: PointerEvent) => void;
  readonly onPointerCancel: () => void;
  readonly onClick: (event: MouseEvent) => void;
}

function pointOf(event: MouseEvent): [number, number] {
  const { left, top } = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

/** Whether a press begins a band or a line, or is a click that chooses, and does not move the plane. */
export function isChoice(scene: Scene, event: MouseEvent | TouchEvent): boolean {
  return scene.tool.value !== "move" || event.shiftKey || event.ctrlKey || event.metaKey;
}

export function pointing(store: Store, scene: Scene): Pointing {
  let start: Point | null = null; // of a band or a line
  let banded = false; // the next click is the end of one
  let anchor: number | null = null; // that a range begins with
  const rowAt = (point: readonly [number, number]) => rowAtPoint(scene.layout.value, scene.place.value, point);
  const point = (event: PointerEvent) => {
    const [x, y] = pointOf(event);
    const row = event.pointerType === "touch" ? null : rowAt([x, y]);
    scene.hovered.value = row === null ? null : { row, x, y };
  };
  return {
    onPointerMove(event) {
      const [x, y] = pointOf(event);
      if (start === null) return point(event);
      const { value: line } = scene.lasso;
      if (scene.band.value === null && line === null && Math.hypot(x - start[0], y - start[1]) <= CLICK) return;
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      scene.hovered.value = null;
      if (scene.tool.value === "lasso") {
        const last = line?.at(-1) ?? start;
        if (Math.hypot(x - last[0], y - last[1]) >= STEP) scene.lasso.value = [...(line ?? [start]), [x, y]];
      } else scene.band.value = { left: Math.min(x, start[0]), right: Math.max(x, start[0]), top: Math.min(y, start[1]), bottom: Math.max(y, start[1]) };
    },
    onPointerLeave: () => void (scene.hovered.value = null),
    onPointerDown(event) {
      banded = false;
      if (event.button === 0 && isChoice(scene, event)) start = pointOf(event);
    },
    onPointerUp(event) {
      const [{ value: band }, { value: line }] = [scene.band, scene.lasso];
      start = scene.band.value = scene.lasso.value = null;
      banded = band !== null || line !== null;
      const [layout, place] = [scene.layout.value, scene.place.value];
      if (banded) choose(store, band !== null ? rowsInBand(layout, place, band) : rowsInLasso(layout, place, line!), event.shiftKey || event.ctrlKey || event.metaKey ? "add" : "replace");
    },
    onPointerCancel: () => void (start = scene.band.value = scene.lasso.value = null),
    onClick(event) {
      if (banded) return void (banded = false);
      const row = rowAt(pointOf(event));
      if (row === null) return;
      if (event.shiftKey && anchor !== null) chooseRange(store, anchor, row);
      else if (event.shiftKey || event.ctrlKey || event.metaKey || scene.tool.value !== "move") toggleChosen(store, row);
      else showItem(store, row);
      if (!event.shiftKey || anchor === null) anchor = row;
      store.active.value = row;
    },
  };
}
