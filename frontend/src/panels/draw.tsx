// Draw: a pad; the nearest images follow every stroke.

import { useSignal } from "@preact/signals";
import type { TargetedKeyboardEvent, TargetedPointerEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { bitAt, bitsOf, type Bits } from "../charts/bits";
import { said } from "../copying";
import type { Filter } from "../filters";
import { NeighbourList } from "../neighbours/neighbour_list";
import type { Store } from "../state";
import { dark } from "../theme";

/** The image with a round pen (or, erasing, a rubber) along a line from one place to another. */
export function stroke(bits: Bits, width: number, height: number, from: readonly [number, number], to: readonly [number, number], pen: number, ink: boolean): Bits {
  const made = bits.slice();
  const steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - from[0], to[1] - from[1])));
  for (let step = 0; step <= steps; step++) {
    const [cx, cy] = [0, 1].map((axis) => from[axis] + ((to[axis] - from[axis]) * step) / steps);
    for (let y = Math.max(0, Math.floor(cy - pen)); y <= Math.min(height - 1, cy + pen); y++) {
      for (let x = Math.max(0, Math.floor(cx - pen)); x <= Math.min(width - 1, cx + pen); x++) {
        if ((x + 0.5 - cx) ** 2 + (y + 0.5 - cy) ** 2 > pen * pen) continue;
        const place = y * width + x;
        if (ink) made[place >> 3] |= 0x80 >> (place & 7);
        else made[place >> 3] &= ~(0x80 >> (place & 7));
      }
    }
  }
  return made;
}

/** Filters by a drawing: what is ink there must be ink. It takes the place of all filters on pixels. */
export function filterByInk(store: Store, bits: Bits): void {
  const { width, height } = store.data.manifest;
  const others = store.filters.value.filter(({ kind }) => kind !== "pixel");
  const inked = Array.from({ length: width * height }, (_, place) => place).filter((place) => bitAt(bits, place) === 1);
  store.filters.value = [...others, ...inked.map((place): Filter => ({ kind: "pixel", x: place % width, y: Math.floor(place / width), ink: true }))];
}

interface PadProps {
  readonly store: Store;
  readonly bits: Bits;
  readonly ink: boolean;
  readonly pen: number;
  readonly onDraw: (bits: Bits) => void;
}

function Pad({ store, bits, ink, pen, onDraw }: PadProps) {
  const { width, height } = store.data.manifest;
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useSignal<readonly [number, number] | null>(null);
  const cursor = useSignal<readonly [number, number] | null>(null); // of the keyboard
  const light = dark.value;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const drawn = context.createImageData(width, height);
    for (let place = 0; place < width * height; place++) {
      const here = cursor.value !== null && place === cursor.value[1] * width + cursor.value[0];
      const ink = bitAt(bits, place) !== 0;
      const shade = light ? (ink ? 237 : 19) : ink ? 23 : 255;
      drawn.data.set(here ? [213, 94, 0, 255] : [shade, shade, shade, 255], 4 * place);
    }
    context.putImageData(drawn, 0, 0);
  }, [bits, width, height, light, cursor.value]);
  const placeOf = (event: TargetedPointerEvent<HTMLCanvasElement>): [number, number] => {
    const box = event.currentTarget.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  const draw = (to: readonly [number, number], erase: boolean) => {
    onDraw(stroke(bits, width, height, last.peek() ?? to, to, pen, ink !== erase));
    last.value = to;
  };
  const keys = (event: TargetedKeyboardEvent<HTMLCanvasElement>) => {
    const [x, y] = cursor.value ?? [width >> 1, height >> 1];
    const moves: Record<string, [number, number]> = { ArrowLeft: [x - 1, y], ArrowRight: [x + 1, y], ArrowUp: [x, y - 1], ArrowDown: [x, y + 1] };
    if (event.key in moves) {
      const [to, down] = moves[event.key];
      cursor.value = [Math.min(Math.max(to, 0), width - 1), Math.min(Math.max(down, 0), height - 1)];
    } else if (event.key === " " || event.key === "Enter") {
      const was = bitAt(bits, y * width + x) !== 0;
      onDraw(stroke(bits, width, height, [x + 0.5, y + 0.5], [x + 0.5, y + 0.5], 0.6, !was));
      cursor.value = [x, y];
      said.value = `Column ${x}, row ${y}: ${was ? "blank" : "ink"}.`;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <canvas
      class="pad"
      ref={canvas}
      width={width}
      height={height}
      tabIndex={0}
      role="application"
      aria-label="Drawing pad: draw with the pointer, or move with the arrow keys and press Space to set or clear a pixel"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        last.value = null;
        draw(placeOf(event), event.button === 2);
      }}
      onPointerMove={(event) => event.buttons !== 0 && draw(placeOf(event), event.buttons === 2)}
      onPointerUp={() => (last.value = null)}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={keys}
      onBlur={() => (cursor.value = null)}
    />
  );
}

export function Draw({ store }: { readonly store: Store }) {
  const { row_bytes: bytes } = store.data.manifest;
  const bits = useSignal<Bits>(new Uint8Array(bytes));
  const [ink, pen] = [useSignal(true), useSignal(1.3)];
  const blank = bits.value.every((byte) => byte === 0);
  return (
    <>
      <p class="doc">Draw a digit: the images nearest to it follow every stroke. No label is needed to find one.</p>
      <Pad store={store} bits={bits.value} ink={ink.value} pen={pen.value} onDraw={(made) => (bits.value = made)} />
      <div class="buttons">
        <button type="button" aria-pressed={!ink.value} onClick={() => (ink.value = !ink.value)}>
          Erase
        </button>
        <button type="button" aria-pressed={pen.value > 1.5} onClick={() => (pen.value = pen.value > 1.5 ? 1.3 : 1.9)}>
          Thick pen
        </button>
        <button type="button" disabled={blank} onClick={() => (bits.value = new Uint8Array(bytes))}>
          Clear
        </button>
        <button type="button" disabled={blank} title="Filters: what is ink here must be ink" onClick={() => filterByInk(store, bits.value)}>
          Images with this ink
        </button>
        <button type="button" disabled={store.item.value === null} onClick={() => (bits.value = bitsOf(store.data, store.item.value!).slice())}>
          Begin with the item
        </button>
      </div>
      <NeighbourList store={store} bits={blank ? null : bits.value} row={null} what="the drawing" />
    </>
  );
}
