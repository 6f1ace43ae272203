// The mean image of the selection, its entropy or variance; and, while a pixel is pointed at, the mean of those images that have
// ink there. A click makes the pixel a filter: must be ink, must be blank, may be either.

import { useComputed, useSignal, type Signal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { PLAIN } from "./colours";
import type { PixelFilter } from "./filters";
import { pixelStatistics, shares, STATISTICS, type Counts, type Statistic } from "./pixel_statistics";
import { removeFilters, setFilter, type Store } from "./state";
import { dark } from "./theme";
import "./mean_image.css";

const NAMES = Object.keys(STATISTICS) as Statistic[];
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function filterAt(store: Store, pixel: number): PixelFilter | undefined {
  const { width } = store.data.manifest;
  return store.filters.value.find((one): one is PixelFilter => one.kind === "pixel" && one.y * width + one.x === pixel);
}

/** From either to ink, from ink to blank, from blank to either. */
function nextFilter(store: Store, pixel: number): void {
  const { width } = store.data.manifest;
  const [x, y] = [pixel % width, Math.floor(pixel / width)];
  const present = filterAt(store, pixel);
  if (present?.ink === false) removeFilters(store, `ink@${x}.${y}`);
  else setFilter(store, { kind: "pixel", x, y, ink: present === undefined });
}

/** Pixels that are filters, as marks over the image. */
function Marks({ store }: { readonly store: Store }) {
  const { width, height } = store.data.manifest;
  const marks = store.filters.value.filter((one): one is PixelFilter => one.kind === "pixel");
  return (
    <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {marks.map(({ x, y, ink }) => (
        <g key={`${x}.${y}`} class={ink ? "mark inked" : "mark blank"}>
          <rect x={x + 0.1} y={y + 0.1} width={0.8} height={0.8} />
          <path d={ink ? `M${x + 0.5} ${y + 0.3}v.4M${x + 0.3} ${y + 0.5}h.4` : `M${x + 0.3} ${y + 0.5}h.4`} />
        </g>
      ))}
    </svg>
  );
}

function draw(canvas: HTMLCanvasElement, values: Float64Array, most: number, light: boolean): void {
  const context = canvas.getContext("2d", { willReadFrequently: true })!; // small: it stays in memory
  const image = context.createImageData(canvas.width, canvas.height);
  const { paper, ink } = light ? PLAIN.dark : PLAIN.light;
  values.forEach((value, pixel) => {
    const share = Number.isNaN(value) ? 0 : value / most;
    for (let channel = 0; channel < 3; channel++) image.data[4 * pixel + channel] = Math.round(paper[channel] + (ink[channel] - paper[channel]) * share);
    image.data[4 * pixel + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}

function Legend({ most, unit, light }: { readonly most: number; readonly unit: string; readonly light: boolean }) {
  const { paper, ink } = light ? PLAIN.dark : PLAIN.light;
  const ramp = `linear-gradient(to right, rgb(${paper.join(" ")}), rgb(${ink.join(" ")}))`;
  return (
    <div class="ramp" aria-hidden="true">
      <span>0</span>
      <span class="bar" style={{ background: ramp }} />
      <span>{most}</span>
      <span class="unit">{unit}</span>
    </div>
  );
}

/** All numbers, for those who do not see the picture or want to copy them. */
function Numbers({ store, values, title }: { readonly store: Store; readonly values: Float64Array; readonly title: string }) {
  const open = useSignal(false);
  const { width, height } = store.data.manifest;
  return (
    <details onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>Table of the {title.toLowerCase()}</summary>
      {open.value && (
        <div class="scroll scroll-x" tabIndex={0} role="region" aria-label={`${title} by pixel`}>
          <table class="numbers">
            <caption>{title} by row and column of the image</caption>
            <thead>
              <tr>
                <td />
                {Array.from({ length: width }, (_, x) => (
                  <th key={x} scope="col" class="number">
                    {x}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {Array.from({ length: height }, (_, y) => (
                <tr key={y}>
                  <th scope="row" class="number">
                    {y}
                  </th>
                  {Array.from({ length: width }, (_, x) => (
                    <td key={x} class="number">
                      {Number.isNaN(values[y * width + x]) ? "–" : values[y * width + x].toFixed(3)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

interface PictureProps {
  readonly store: Store;
  readonly given: Signal<number | null>;
  readonly values: Float64Array;
  readonly counts: Counts;
  readonly most: number;
  readonly title: string;
}

/** The picture: a grid with one active cell, by pointer and by key. */
function PixelGrid({ store, given, values, counts, most, title }: PictureProps) {
  const { width, height } = store.data.manifest;
  const canvas = useRef<HTMLCanvasElement>(null);
  const active = useSignal((height >> 1) * width + (width >> 1));
  const shown = useComputed(() => given.value ?? active.value);
  const light = dark.value !== store.invert.value;
  useLayoutEffect(() => draw(canvas.current!, values, most, light), [values, most, light, width, height]);
  const at = (event: MouseEvent) => {
    const { left, top, width: wide, height: high } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [x, y] = [Math.floor(((event.clientX - left) * width) / wide), Math.floor(((event.clientY - top) * height) / high)];
    return Math.max(0, Math.min(height - 1, y)) * width + Math.max(0, Math.min(width - 1, x));
  };
  const press = (event: KeyboardEvent) => {
    const pixel = shown.value;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") nextFilter(store, pixel);
    else if (event.key === "Escape" && given.value !== null) given.value = null;
    else if (event.key in ARROWS) {
      const [x, y] = [(pixel % width) + ARROWS[event.key][0], Math.floor(pixel / width) + ARROWS[event.key][1]];
      if (x >= 0 && y >= 0 && x < width && y < height) given.value = active.value = y * width + x;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const [x, y] = [shown.value % width, Math.floor(shown.value / width)];
  const filter = filterAt(store, shown.value);
  const state = filter === undefined ? "" : `, must be ${filter.ink ? "ink" : "blank"}`;
  const label = `Column ${x}, row ${y}: ink in ${counts.ink[shown.value].toLocaleString("en")} of ${counts.images.toLocaleString("en")} images, ${counts.images === 0 ? "–" : percent(counts.ink[shown.value] / counts.images)}${state}`;
  return (
    <div
      class="pixel-grid"
      role="grid"
      tabIndex={0}
      aria-label={`${title} image. Arrow keys go from pixel to pixel, Enter filters by the pixel.`}
      aria-rowcount={height}
      aria-colcount={width}
      aria-activedescendant="active-pixel"
      onPointerMove={(event) => (given.value = at(event))}
      onPointerLeave={() => (given.value = null)}
      onBlur={() => (given.value = null)}
      onKeyDown={press}
      onClick={(event) => {
        active.value = at(event);
        nextFilter(store, active.value);
      }}
    >
      <canvas ref={canvas} width={width} height={height} aria-hidden="true" />
      <Marks store={store} />
      <div role="row" aria-rowindex={y + 1}>
        <div role="gridcell" id="active-pixel" class={given.value === null ? "pixel" : "pixel given"} aria-colindex={x + 1} aria-selected={filter !== undefined} aria-label={label} style={{ left: `${(100 * x) / width}%`, top: `${(100 * y) / height}%`, width: `${100 / width}%`, height: `${100 / height}%` }} />
      </div>
    </div>
  );
}

/** What is said below the picture. */
function Line({ store, given, counts, conditional }: { readonly store: Store; readonly given: number | null; readonly counts: Counts; readonly conditional: Counts | null }) {
  const { width } = store.data.manifest;
  if (given === null || conditional === null) return <p class="line">{counts.images.toLocaleString("en")} images. Point at a pixel: the mean of those with ink there. Click: must be ink, must be blank, either.</p>;
  const share = counts.images === 0 ? "–" : percent(counts.ink[given] / counts.images);
  return (
    <p class="line">
      <b>
        Given ink at {given % width}, {Math.floor(given / width)}
      </b>
      : {conditional.images.toLocaleString("en")} images, {share} of the selection
    </p>
  );
}

export function MeanImage({ store }: { readonly store: Store }) {
  const statistics = useMemo(() => pixelStatistics(store.data, store.drawn), [store]);
  const statistic = useSignal<Statistic>("mean");
  const { title, most, unit } = STATISTICS[statistic.value];
  const values = useComputed(() => shares(statistics.counts.value, STATISTICS[statistic.value].of));
  const conditional = useComputed(() => (statistics.conditional.value === null ? null : shares(statistics.conditional.value, (p) => p)));
  const given = conditional.value !== null;
  const light = dark.value !== store.invert.value;
  return (
    <section class="mean-image" aria-label="Mean image of the selection">
      <PixelGrid store={store} given={statistics.given} values={conditional.value ?? values.value} counts={statistics.counts.value} most={given ? 1 : most} title={title} />
      <div class="beside-mean">
        <div class="segments" role="group" aria-label="What of each pixel">
          {NAMES.map((name) => (
            <button key={name} type="button" aria-pressed={statistic.value === name} onClick={() => (statistic.value = name)}>
              {STATISTICS[name].title}
            </button>
          ))}
        </div>
        <Legend most={given ? 1 : most} unit={given ? STATISTICS.mean.unit : unit} light={light} />
        <Line store={store} given={statistics.given.value} counts={statistics.counts.value} conditional={statistics.conditional.value} />
      </div>
      <Numbers store={store} values={values.value} title={title} />
    </section>
  );
}
