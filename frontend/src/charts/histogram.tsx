// A histogram of one column: all images faintly, what the other filters let pass, and the selection. Clicking a bar or
// dragging over several filters; so do the arrow keys and Enter.

import { useComputed, useSignal } from "@preact/signals";
import type { TargetedKeyboardEvent, TargetedPointerEvent } from "preact";
import { bins, numberText, rangeLabel, type Bins } from "../columns";
import { filterText, subject } from "../filters";
import type { Column } from "../model";
import { removeFilters, type Store } from "../state";
import { barsFilter, countsOf, filterByBars, momentsOf, othersMask, totalsOf } from "../statistics";
import { CountTable } from "./count_table";

const HEIGHT = 64; // of the drawing, in its own units; a bar is ten wide
const WIDTH = 10;

export type Scale = "own" | "same" | "log";

/** Bars as the path of an SVG. */
export function barsPath(counts: Uint32Array, peak: number, scale: Scale): string {
  const height = (count: number) => (scale === "log" ? Math.log1p(count) / Math.log1p(peak) : count / peak);
  let path = "";
  for (let bar = 0; bar < counts.length; bar++) {
    if (counts[bar] === 0) continue;
    const tall = Math.max(height(counts[bar]) * HEIGHT, 0.75); // what is there can be seen
    path += `M${bar * WIDTH + 0.5} ${HEIGHT}v${-tall.toFixed(2)}h${WIDTH - 1}V${HEIGHT}z`;
  }
  return path;
}

/** The upper edge of bars: what is behind others can be seen. */
function outlinePath(counts: Uint32Array, peak: number, scale: Scale): string {
  const top = (count: number) => HEIGHT * (1 - (scale === "log" ? Math.log1p(count) / Math.log1p(peak) : count / peak));
  return Array.from(counts, (count, bar) => `${bar === 0 ? "M0 " : "V"}${top(count).toFixed(2)}H${(bar + 1) * WIDTH}`).join("");
}

interface ChartProps {
  readonly store: Store;
  readonly column: Column;
}

interface Counts {
  readonly all: Uint32Array;
  readonly others: Uint32Array; // what passes the other filters
  readonly selected: Uint32Array;
}

function useCounts(store: Store, column: Column, of: Bins) {
  return useComputed((): Counts => {
    const { mask } = store.drawn.value.selection;
    const others = othersMask(store.drawn.value, column.entry.name);
    const selected = countsOf(of, mask);
    return { all: totalsOf(of), others: others === mask ? selected : countsOf(of, others), selected };
  });
}

/** Which bars a pointer or the keyboard is at: from, to. */
type Span = readonly [number, number];

function spanText({ labels, ranges }: Bins, [one, other]: Span, category: boolean): string {
  const [first, last] = [Math.min(one, other), Math.max(one, other)];
  if (first === last || category) return labels.slice(first, last + 1).join(", ");
  return rangeLabel({ ...ranges[last], low: ranges[first].low });
}

const sum = (counts: Uint32Array, [one, other]: Span) =>
  counts.subarray(Math.min(one, other), Math.max(one, other) + 1).reduce((all, count) => all + count, 0);

function Plot({ store, column, of, counts, at }: ChartProps & { of: Bins; counts: { readonly value: Counts }; at: { value: Span | null } }) {
  const anchor = useSignal<number | null>(null);
  const { name, title, categories } = column.entry;
  const scale = (store.panels.value.scale ?? "own") as Scale;
  const { all, others, selected } = counts.value;
  const most = Math.max(...all, 1);
  const peak = scale === "own" ? Math.max(...others, 1) : most;
  const barAt = (event: TargetedPointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(Math.max(Math.floor(((event.clientX - box.left) / box.width) * of.count), 0), of.count - 1);
  };
  const apply = ([one, other]: Span, more: boolean) => filterByBars(store, column, Math.min(one, other), Math.max(one, other), more);
  const isOwn = (bar: number) => {
    const wanted = filterText(barsFilter(column, bar, bar), store.data);
    return store.filters.value.some((filter) => filterText(filter, store.data) === wanted);
  };
  const down = (event: TargetedPointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    anchor.value = barAt(event);
    store.busy.value = true;
  };
  const move = (event: TargetedPointerEvent<HTMLElement>) => {
    const bar = barAt(event);
    const began = anchor.value;
    const before = at.value;
    at.value = [began ?? bar, bar];
    if (began !== null && began !== bar && (before === null || before[1] !== bar)) apply([began, bar], false);
  };
  const up = (event: TargetedPointerEvent<HTMLElement>) => {
    const [began, bar] = [anchor.value, barAt(event)];
    anchor.value = null;
    if (began !== null && began === bar) {
      if (isOwn(bar)) removeFilters(store, name);
      else apply([bar, bar], event.shiftKey || event.ctrlKey || event.metaKey);
    }
    store.busy.value = false;
  };
  const keys = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const [from, to] = at.value ?? [0, 0];
    const moves: Record<string, number> = { ArrowLeft: to - 1, ArrowDown: to - 1, ArrowRight: to + 1, ArrowUp: to + 1, Home: 0, End: of.count - 1 };
    const alone = !event.ctrlKey && !event.metaKey;
    if (event.altKey) return;
    if (event.key in moves && alone) {
      const bar = at.value === null ? 0 : Math.min(Math.max(moves[event.key], 0), of.count - 1);
      at.value = [event.shiftKey ? from : bar, bar];
    } else if (event.key === "Enter" || event.key === " ") {
      if (from === to && isOwn(from)) removeFilters(store, name);
      else apply([from, to], event.ctrlKey || event.metaKey);
    } else if ((event.key === "Delete" || event.key === "Backspace") && alone) removeFilters(store, name);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const [from, to] = at.value ?? [0, 0];
  const said = `${spanText(of, [from, to], categories !== undefined)}: ${sum(selected, [from, to]).toLocaleString("en")} of ${sum(all, [from, to]).toLocaleString("en")} images`;
  return (
    <div
      class="plot"
      role="slider"
      tabIndex={0}
      aria-label={`${title}: choose bars`}
      aria-valuemin={0}
      aria-valuemax={of.count - 1}
      aria-valuenow={to}
      aria-valuetext={said}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={() => ((anchor.value = null), (store.busy.value = false))}
      onPointerLeave={() => (at.value = null)}
      onBlur={() => (at.value = null)}
      onKeyDown={keys}
    >
      <svg viewBox={`0 0 ${of.count * WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path class="all" d={barsPath(all, most, scale)} />
        <path class="others" d={barsPath(others, peak, scale)} />
        <path class="selected" d={barsPath(selected, peak, scale)} />
        <path class="outline" d={outlinePath(all, most, scale)} />
        {at.value !== null && <rect class="at" x={Math.min(from, to) * WIDTH} width={(Math.abs(to - from) + 1) * WIDTH} y={0} height={HEIGHT} />}
      </svg>
    </div>
  );
}

/** What the chart says in a line: the bar under the pointer, or the numbers of the selection. */
function Line({ store, column, of, counts, at }: ChartProps & { of: Bins; counts: { readonly value: Counts }; at: { value: Span | null } }) {
  const summary = useComputed(() => momentsOf(column, store.drawn.value.selection.mask, counts.value.selected.reduce((all, one) => all + one, 0)));
  if (at.value !== null) {
    const { all, selected } = counts.value;
    const text = spanText(of, at.value, column.entry.categories !== undefined);
    return (
      <p class="line at">
        <b>{text}</b> {sum(selected, at.value).toLocaleString("en")} of {sum(all, at.value).toLocaleString("en")}
      </p>
    );
  }
  if (column.entry.categories !== undefined) return <p class="line">{of.count} categories</p>;
  const { mean, deviation, count } = summary.value;
  return <p class="line">{count === 0 ? "no value here" : `mean ${numberText(mean)}, sd ${numberText(deviation)}`}</p>;
}

export function Histogram({ store, column }: ChartProps) {
  const of = bins(column);
  const counts = useCounts(store, column, of);
  const at = useSignal<Span | null>(null);
  const open = useSignal(false);
  const { name, title, unit, doc, reference } = column.entry;
  const filtered = useComputed(() => store.filters.value.some((filter) => subject(filter) === name)).value;
  const ends = column.entry.categories === undefined ? [of.ranges.at(0)?.low, of.ranges.at(-1)?.high].map((end, at) => (end !== undefined && Number.isFinite(end) ? end : column.entry[at === 0 ? "min" : "max"])) : [];
  return (
    <figure class={filtered ? "chart filtered" : "chart"} data-column={name}>
      <figcaption title={reference === undefined ? doc : `${doc} ${reference}`}>
        <h3>{title}</h3>
        {unit !== "" && <span class="unit">{unit}</span>}
        {filtered && (
          <button type="button" class="clear" aria-label={`Remove the filters on ${title}`} onClick={() => removeFilters(store, name)}>
            ×
          </button>
        )}
      </figcaption>
      {of.count === 0 ? <p class="line">No image has a value.</p> : <Plot {...{ store, column, of, counts, at }} />}
      <div class="ends" aria-hidden="true">
        {column.entry.categories === undefined ? ends.map((value) => <span>{numberText(value ?? NaN)}</span>) : of.labels.slice(0, 12).map((label) => <span>{label}</span>)}
      </div>
      <Line {...{ store, column, of, counts, at }} />
      <details onToggle={(event) => (open.value = event.currentTarget.open)}>
        <summary>Table of {title}</summary>
        {open.value && <CountTable {...{ store, column, of }} counts={counts.value} />}
      </details>
    </figure>
  );
}
