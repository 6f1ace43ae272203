// What follows the pointer and the keyboard: the ring around an image, its description, the band of a choice.

import { Picture } from "../charts/picture";
import type { Store } from "../state";
import type { Box } from "../zooming";
import { describe } from "./describing";
import { outlinePath } from "./lasso";
import { squareOfCell, type Scene } from "./scene";

const SMALLEST_RING = 14; // CSS pixels

const boxStyle = ({ left, top, right, bottom }: Box, least = 0) => {
  const [width, height] = [Math.max(right - left, least), Math.max(bottom - top, least)];
  return { transform: `translate(${(left + right - width) / 2}px, ${(top + bottom - height) / 2}px)`, width: `${width}px`, height: `${height}px` };
};

/** Where a row is drawn, as a style; null where it is not. */
export function ringStyle(scene: Scene, row: number | null) {
  const cell = row === null ? -1 : scene.cellOf.value[row];
  return cell < 0 ? null : boxStyle(squareOfCell(cell, scene.layout.value, scene.place.value), SMALLEST_RING);
}

export function Band({ scene }: { readonly scene: Scene }) {
  const { value } = scene.band;
  return value === null ? null : <div class="band" style={boxStyle(value)} />;
}

/** The line that is being drawn, closed. */
export function Lasso({ scene }: { readonly scene: Scene }) {
  const { value } = scene.lasso;
  if (value === null) return null;
  return (
    <svg class="lasso" aria-hidden="true">
      <path class="ground" d={outlinePath(value)} />
      <path d={outlinePath(value)} />
    </svg>
  );
}

const TOOLTIP = { width: 170, height: 190 }; // CSS pixels that it may need

export function Tooltip({ store, scene }: { readonly store: Store; readonly scene: Scene }) {
  const { value: hovered } = scene.hovered;
  if (hovered === null || scene.band.value !== null || store.busy.value) return null;
  const { width, height } = scene.size.value;
  const left = hovered.x + 18 + TOOLTIP.width > width ? Math.max(hovered.x - 18 - TOOLTIP.width, 0) : hovered.x + 18;
  const top = hovered.y + 18 + TOOLTIP.height > height ? Math.max(hovered.y - 18 - TOOLTIP.height, 0) : hovered.y + 18;
  const ring = ringStyle(scene, hovered.row);
  return (
    <>
      {ring !== null && <div class="ring pointed" style={ring} />}
      <div class="tooltip" aria-hidden="true" style={{ transform: `translate(${left}px, ${top}px)`, width: `${TOOLTIP.width}px` }}>
        <Picture store={store} row={hovered.row} />
        <p>{describe(store.data, hovered.row)}</p>
      </div>
    </>
  );
}
