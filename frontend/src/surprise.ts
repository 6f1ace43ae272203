// How unusual each pixel of an image is: its nats where pixels are independent and as often ink as in a split. The same estimate
// as that of onebit/models/bernoulli.py, so that the sum is the image's nats under that baseline.

import { bitAt, type Bits } from "./charts/bits";
import type { Counts } from "./pixel_statistics";

const PSEUDO_COUNT = 0.5; // of zeros and of ones: no pixel is impossible

/** Nats of each pixel: above 0 where it is ink, below 0 where it is blank. */
export function surpriseOf({ ink, images }: Counts, bits: Bits): Float64Array {
  return Float64Array.from(ink, (count, place) => {
    const isInk = bitAt(bits, place) === 1;
    const share = ((isInk ? count : images - count) + PSEUDO_COUNT) / (images + 2 * PSEUDO_COUNT);
    return isInk ? -Math.log(share) : Math.log(share);
  });
}
