// What is written over the images: headings of groups, axes, the colours' legend.

import { css, legendOf } from "../colours";
import type { Axis } from "../model";
import type { Store } from "../state";
import { dark } from "../theme";
import { HEADING, type Scene } from "./scene";

/** Headings stay at the top while their group is seen. */
export function Headings({ scene }: { readonly scene: Scene }) {
  const { headings } = scene.layout.value;
  const { k, x, y } = scene.place.value;
  const { height, width } = scene.size.value;
  const tops = headings.map((heading) => y + k * heading.y - HEADING);
  const shown = headings.map((heading, at) => {
    const end = at + 1 < tops.length ? tops[at + 1] - HEADING : Infinity;
    return { ...heading, top: Math.min(Math.max(tops[at], 0), end), gone: end < -HEADING || tops[at] > height };
  });
  return (
    <div class="headings">
      {shown.map(
        ({ text, count, top, gone }) =>
          !gone && (
            <p key={text} style={{ transform: `translate(${Math.max(x, 0)}px, ${top}px)`, height: `${HEADING}px`, maxWidth: `${width}px` }}>
              <b>{text}</b> {count.toLocaleString("en")}
            </p>
          ),
      )}
    </div>
  );
}

interface Tick {
  readonly at: number; // CSS pixels
  readonly text: string;
}

/** As many ticks as have room, beginning with the first. */
export function spaced(ticks: readonly Tick[], needs: (tick: Tick) => number): readonly Tick[] {
  const kept: Tick[] = [];
  for (const tick of ticks) {
    const last = kept.at(-1);
    if (last === undefined || Math.abs(tick.at - last.at) >= (needs(tick) + needs(last)) / 2) kept.push(tick);
  }
  return kept;
}

const LETTER = 7.4; // CSS pixels, about

function AxisBelow({ axis, scene }: { readonly axis: Axis; readonly scene: Scene }) {
  const { k, x } = scene.place.value;
  const { left, right, bottom } = scene.box.value;
  const ticks = axis.ticks.map(({ at, text }) => ({ at: x + k * at, text })).filter(({ at }) => at >= left - 1 && at <= right + 1);
  return (
    <div class="axis below" style={{ top: `${bottom}px` }}>
      {spaced(ticks, ({ text }) => LETTER * text.length + 10).map(({ at, text }) => (
        <span key={text} style={{ left: `${at}px` }}>
          {text}
        </span>
      ))}
      <b>{axis.title}</b>
    </div>
  );
}

function AxisBeside({ axis, scene }: { readonly axis: Axis; readonly scene: Scene }) {
  const { k, y } = scene.place.value;
  const { left, top, bottom } = scene.box.value;
  const ticks = axis.ticks.map(({ at, text }) => ({ at: y + k * at, text })).filter(({ at }) => at >= top - 1 && at <= bottom + 1);
  return (
    <div class="axis beside" style={{ width: `${left}px`, height: `${bottom}px` }}>
      {spaced(ticks, () => 18).map(({ at, text }) => (
        <span key={text} style={{ top: `${at}px` }}>
          {text}
        </span>
      ))}
      <b>{axis.title}</b>
    </div>
  );
}

export function Axes({ scene }: { readonly scene: Scene }) {
  const { axes } = scene.layout.value;
  if (axes === undefined) return null;
  return (
    <>
      {axes.y !== undefined && <AxisBeside axis={axes.y} scene={scene} />}
      <AxisBelow axis={axes.x} scene={scene} />
    </>
  );
}

export function Legend({ store }: { readonly store: Store }) {
  const column = store.data.columns.get(store.colour.value ?? "");
  if (column === undefined) return null;
  return (
    <ul class="legend" aria-label={`Colours: ${column.entry.title}`}>
      <li class="soft">{column.entry.title}</li>
      {legendOf(column, dark.value !== store.invert.value).map(({ colour, label }) => (
        <li key={label}>
          <span class="swatch" style={{ background: css(colour) }} /> {label}
        </li>
      ))}
    </ul>
  );
}
