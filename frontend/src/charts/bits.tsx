// Images that are no rows of the data set: drawn, dropped, or two in one another.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Dataset } from "../model";
import { dark } from "../theme";

export type Bits = Uint8Array; // one packed image

const BOTH: Readonly<Record<"light" | "dark", Colours>> = {
  light: { paper: [255, 255, 255], ink: [23, 22, 19], first: [0, 114, 178], second: [213, 94, 0] },
  dark: { paper: [19, 19, 22], ink: [237, 236, 231], first: [86, 180, 233], second: [230, 159, 0] },
};
type Colour = readonly [number, number, number];
interface Colours {
  readonly paper: Colour;
  readonly ink: Colour;
  readonly first: Colour; // what only the first image has
  readonly second: Colour; // what only the second has
}

export const bitAt = (bits: Bits, place: number) => (bits[place >> 3] >> (7 - (place & 7))) & 1;

/** The packed image of a row. */
export function bitsOf({ pixels, manifest: { row_bytes: bytes } }: Dataset, row: number): Bits {
  return pixels.subarray(row * bytes, (row + 1) * bytes);
}

interface BitsPictureProps {
  readonly bits: Bits;
  readonly over?: Bits; // a second image: what only one of the two has is coloured
  readonly width: number;
  readonly height: number;
  readonly label?: string; // without one it is decoration
}

export function BitsPicture({ bits, over, width, height, label }: BitsPictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const colours = BOTH[dark.value ? "dark" : "light"];
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const drawn = context.createImageData(width, height);
    for (let place = 0; place < width * height; place++) {
      const [one, other] = [bitAt(bits, place), over === undefined ? bitAt(bits, place) : bitAt(over, place)];
      const colour = one === other ? (one ? colours.ink : colours.paper) : one ? colours.first : colours.second;
      drawn.data.set([...colour, 255], 4 * place);
    }
    context.putImageData(drawn, 0, 0);
  }, [bits, over, width, height, colours]);
  const spoken = label === undefined ? { "aria-hidden": true } : { role: "img" as const, "aria-label": label };
  return <canvas class="picture" ref={canvas} width={width} height={height} {...spoken} />;
}

/** Numbers from -1 to 1 as a picture: blue below 0, orange above; or, with `gray`, from 0 to 1 as shades of ink. */
export function MapPicture({ values, width, height, label, gray = false }: { readonly values: ArrayLike<number>; readonly width: number; readonly height: number; readonly label: string; readonly gray?: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { paper, ink, first, second } = BOTH[dark.value ? "dark" : "light"];
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const drawn = context.createImageData(width, height);
    for (let place = 0; place < width * height; place++) {
      const value = Math.max(-1, Math.min(1, values[place]));
      const towards = gray ? ink : value > 0 ? second : first;
      paper.forEach((from, part) => (drawn.data[4 * place + part] = Math.round(from + Math.abs(value) * (towards[part] - from))));
      drawn.data[4 * place + 3] = 255;
    }
    context.putImageData(drawn, 0, 0);
  }, [values, width, height, gray, paper, ink, first, second]);
  return <canvas class="picture map" ref={canvas} width={width} height={height} role="img" aria-label={label} />;
}
