// Zooming and moving about by wheel, pinch, drag and double click: d3-zoom, kept to the plane.

import { select } from "d3-selection";
import { zoom, zoomIdentity, zoomTransform, type D3ZoomEvent } from "d3-zoom";

/** Where the plane is seen: CSS pixels to a cell, and where its left top corner lies. */
export interface Place {
  readonly k: number;
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Limits {
  readonly plane: { readonly width: number; readonly height: number }; // in cells
  readonly box: Box; // where the plane is seen, in CSS pixels
  readonly smallest: number; // CSS pixels to a cell
  readonly largest: number;
}

export interface Zooming {
  setLimits(limits: Limits): void;
  /** Shows a place exactly. */
  show(place: Place): void;
  /** Larger or smaller, around a point that stays where it is; without one, around the middle. */
  scale(factor: number, around?: readonly [number, number]): void;
  /** Moves by CSS pixels. */
  move(x: number, y: number): void;
  dispose(): void;
}

export interface Watcher {
  moved(place: Place, byUser: boolean): void;
  began(): void;
  ended(): void;
  /** Whether a press of the pointer is for something else. */
  isTaken(event: MouseEvent | TouchEvent): boolean;
}

const CLICK = 4; // CSS pixels that a pointer may move in a click

export function zoomingOn(element: HTMLElement, watcher: Watcher): Zooming {
  let byUser = false; // also while keys move
  const behaviour = zoom<HTMLElement, unknown>()
    .clickDistance(CLICK)
    .duration(matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 180)
    .filter((event: MouseEvent | TouchEvent | WheelEvent) => {
      if (event.type === "wheel") return true;
      return !("button" in event && event.button !== 0) && !watcher.isTaken(event);
    })
    .on("start", (event: D3ZoomEvent<HTMLElement, unknown>) => event.sourceEvent !== null && watcher.began())
    .on("zoom", ({ transform, sourceEvent }: D3ZoomEvent<HTMLElement, unknown>) => watcher.moved({ k: transform.k, x: transform.x, y: transform.y }, byUser || sourceEvent !== null))
    .on("end", (event: D3ZoomEvent<HTMLElement, unknown>) => event.sourceEvent !== null && watcher.ended());
  const selected = select(element).call(behaviour);
  const asUser = (act: () => void) => {
    byUser = true;
    act();
    byUser = false;
  };
  return {
    setLimits({ plane, box, smallest, largest }) {
      behaviour
        .scaleExtent([smallest, largest])
        .extent([[box.left, box.top], [box.right, box.bottom]])
        .translateExtent([[0, 0], [plane.width, plane.height]]);
    },
    show(place) {
      const { k, x, y } = zoomTransform(element);
      if (k !== place.k || x !== place.x || y !== place.y) behaviour.transform(selected, zoomIdentity.translate(place.x, place.y).scale(place.k));
    },
    scale: (factor, around) => asUser(() => behaviour.scaleBy(selected, factor, around as [number, number] | undefined)),
    move: (x, y) => asUser(() => behaviour.translateBy(selected, x / zoomTransform(element).k, y / zoomTransform(element).k)),
    dispose: () => void selected.on(".zoom", null),
  };
}
