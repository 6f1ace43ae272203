// A verdict in words, and pairs of images that are close.

import { BitsPicture, type Bits } from "../charts/bits";
import type { Verdict } from "../verdicts";

export function VerdictBox({ verdict }: { readonly verdict: Verdict }) {
  return (
    <div class={verdict.good ? "verdict" : "verdict look"} data-good={verdict.good}>
      <h3>
        {verdict.good ? "In order: " : "Look: "}
        {verdict.title}
      </h3>
      <p>{verdict.text}</p>
    </div>
  );
}

export interface PairProps {
  readonly one: Bits;
  readonly other: Bits;
  readonly names: readonly [string, string];
  readonly distance: number;
  readonly width: number;
  readonly height: number;
  readonly onShow: () => void; // the second image
}

export function Pair({ one, other, names, distance, width, height, onShow }: PairProps) {
  return (
    <li data-distance={distance}>
      <div class="trio">
        <BitsPicture bits={one} width={width} height={height} />
        <BitsPicture bits={other} width={width} height={height} />
        <BitsPicture bits={one} over={other} width={width} height={height} />
      </div>
      <b>{distance}</b> {names[0]} and{" "}
      <button type="button" class="link" onClick={onShow}>
        {names[1]}
      </button>
    </li>
  );
}
