// One image, a canvas of exactly its pixels that the style enlarges.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Dataset } from "../model";
import type { Store } from "../state";
import { dark } from "../theme";

/** Whether a pixel of a row is ink. */
export function inkAt(data: Dataset, row: number, x: number, y: number): boolean {
  const { width, row_bytes: bytes } = data.manifest;
  const place = y * width + x;
  return (data.pixels[row * bytes + (place >> 3)] & (0x80 >> (place & 7))) !== 0;
}

interface PictureProps {
  readonly store: Store;
  readonly row: number;
  readonly label?: string; // without one it is decoration
}

export function Picture({ store, row, label }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const light = dark.value !== store.invert.value; // ink is drawn light on dark
  const { height, width } = store.data.manifest;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d", { willReadFrequently: true }); // small: no need of a graphics card
    if (!context) return;
    const drawn = context.createImageData(width, height);
    const [ink, paper] = light ? [237, 19] : [23, 255];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        drawn.data.fill(inkAt(store.data, row, x, y) ? ink : paper, 4 * (y * width + x), 4 * (y * width + x) + 3);
        drawn.data[4 * (y * width + x) + 3] = 255;
      }
    }
    context.putImageData(drawn, 0, 0);
  }, [store, row, light, height, width]);
  const spoken = label === undefined ? { "aria-hidden": true } : { role: "img" as const, "aria-label": label };
  return <canvas class="picture" ref={canvas} width={width} height={height} {...spoken} />;
}
