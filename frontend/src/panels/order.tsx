// Order: any number as a moving mean over the order of a split. Artefacts of how data were collected show here.

import { useComputed } from "@preact/signals";
import { Lines } from "../charts/lines";
import { numberText, valueOf } from "../columns";
import { ColumnSelect } from "../frame/column_select";
import type { Column, SplitEntry } from "../model";
import { setPanel, type Store } from "../state";

const WINDOWS = [50, 200, 500, 1000, 2000];
const POINTS = 320; // of the line
const ROWS = 20; // of the table

export interface Moving {
  readonly points: readonly (readonly [number, number])[]; // position of the window's middle, mean
  readonly mean: number;
  readonly deviation: number; // of one value
  readonly outside: number; // share of the points that a random order would rarely have
  readonly band: number; // half its width: three standard errors of a window
}

/** The mean of each window of as many values that follow one another in an order. NaN is left out; null where that is all. */
export function movingMean(values: Float64Array, window: number, most = POINTS): Moving | null {
  const places = Uint32Array.from(values.keys()).filter((at) => values[at] === values[at]);
  if (places.length === 0) return null;
  const known = Float64Array.from(places, (at) => values[at]);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const deviation = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length);
  const sums = new Float64Array(known.length + 1);
  for (let at = 0; at < known.length; at++) sums[at + 1] = sums[at] + known[at];
  const size = Math.min(window, known.length);
  const last = known.length - size;
  const steps = Math.min(most, last + 1);
  const band = (3 * deviation) / Math.sqrt(size);
  const points: [number, number][] = [];
  for (let step = 0; step < steps; step++) {
    const from = steps === 1 ? 0 : Math.round((step * last) / (steps - 1));
    points.push([(places[from] + places[from + size - 1] + 1) / 2, (sums[from + size] - sums[from]) / size]);
  }
  const outside = points.filter(([, value]) => Math.abs(value - mean) > band).length / (points.length || 1);
  return { points, mean, deviation, outside, band };
}

function ordered(column: Column, split: SplitEntry, by: Column | undefined): Float64Array {
  const rows = Uint32Array.from({ length: split.stop - split.start }, (_, at) => split.start + at);
  if (by !== undefined) rows.sort((one, other) => by.stored[one] - by.stored[other]);
  return Float64Array.from(rows, (row) => valueOf(column, row));
}

export function Order({ store }: { readonly store: Store }) {
  const { splits } = store.data.manifest;
  const moving = useComputed(() => {
    const { ordercolumn, ordersplit, orderby, window } = store.panels.value;
    const column = store.data.columns.get(ordercolumn ?? "ink") ?? store.data.columns.values().next().value!;
    const split = splits.find(({ name }) => name === ordersplit) ?? splits.at(-1)!;
    const by = orderby === "line" ? store.data.columns.get("line") : undefined;
    const size = WINDOWS.find((each) => String(each) === window) ?? 500;
    return { column, split, by, size, found: movingMean(ordered(column, split, by), size) };
  });
  const { column, split, by, size, found } = moving.value;
  return (
    <>
      <p class="doc">Data that were shuffled look the same everywhere. Where the line leaves the band, neighbours in this order are alike: the order tells something of how the data came about.</p>
      <div class="controls">
        <ColumnSelect store={store} label="Mean of" value={column.entry.name} onChoose={(name) => setPanel(store, "ordercolumn", name)} />
        <label>
          <span>Split</span>
          <select value={split.name} onChange={(event) => setPanel(store, "ordersplit", event.currentTarget.value)}>
            {splits.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {store.data.columns.has("line") && (
          <label>
            <span>Order</span>
            <select value={by === undefined ? "index" : "line"} onChange={(event) => setPanel(store, "orderby", event.currentTarget.value === "index" ? null : "line")}>
              <option value="index">as it is loaded</option>
              <option value="line">upstream lines</option>
            </select>
          </label>
        )}
        <label>
          <span>Images at a time</span>
          <select value={String(size)} onChange={(event) => setPanel(store, "window", event.currentTarget.value)}>
            {WINDOWS.map((each) => (
              <option key={each} value={String(each)}>
                {each.toLocaleString("en")}
              </option>
            ))}
          </select>
        </label>
      </div>
      {found === null ? (
        <p role="status">
          No image of {split.name} has a number in {column.entry.title}: choose another split, or another number.
        </p>
      ) : (
        <Means column={column} found={found} size={size} split={split.name} axis={by === undefined ? `position in ${split.name}` : `upstream line of ${split.name}`} />
      )}
    </>
  );
}

interface MeansProps {
  readonly column: Column;
  readonly found: Moving;
  readonly size: number; // images in a mean
  readonly split: string;
  readonly axis: string;
}

/** The means: in words, as a line, as a table. */
function Means({ column, found, size, split, axis }: MeansProps) {
  const { points, mean, outside, band } = found;
  const step = Math.max(1, Math.floor(points.length / ROWS));
  return (
    <>
      <p data-outside={outside}>
        {outside === 0 ? "The order looks random: every mean lies" : `${(100 * outside).toFixed(0)} % of the means lie outside, the others`} within three standard errors of {numberText(mean)}{" "}
        <span class="unit">{column.entry.unit}</span>.
      </p>
      <Lines
        lines={[{ title: column.entry.title, points }]}
        label={`Moving mean of ${column.entry.title} over ${split}; the numbers are in the table below`}
        axis={axis}
        band={{ from: mean - band, to: mean + band }}
        yAxis
      />
      <details>
        <summary>Numbers</summary>
        <table>
          <caption>
            Mean of {size.toLocaleString("en")} images around a position of {split}
          </caption>
          <thead>
            <tr>
              <th scope="col" class="number">
                Position
              </th>
              <th scope="col" class="number">
                Mean
              </th>
            </tr>
          </thead>
          <tbody>
            {points
              .filter((_, at) => at % step === 0)
              .map(([at, value]) => (
                <tr key={at}>
                  <td class="number">{Math.round(at).toLocaleString("en")}</td>
                  <td class="number">{value.toPrecision(6)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </>
  );
}
