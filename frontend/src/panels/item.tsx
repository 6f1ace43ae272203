// Item: all that is known of one image.

import { useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { addressOf } from "../address";
import { rowBits } from "../bitplanes";
import { bitsOf, MapPicture } from "../charts/bits";
import { barsPath } from "../charts/histogram";
import { Picture } from "../charts/picture";
import { bins, NO_BAR, valueText } from "../columns";
import { CopyButton } from "../copying";
import { whereabouts } from "../data";
import type { Column } from "../model";
import { roles } from "../neighbours/audit";
import { NeighboursOfRow } from "../neighbours/neighbour_list";
import { countsOf } from "../pixel_statistics";
import { itemCode } from "../selection_files";
import { toggleChosen, type Store } from "../state";
import { filterByBars, percentile, totalsOf } from "../statistics";
import { surpriseOf } from "../surprise";
import { stepItem } from "../moving";

/** Where the image lies in a column's histogram. */
function Place({ column, row }: { readonly column: Column; readonly row: number }) {
  const of = bins(column, 32);
  const bar = of.index[row];
  if (bar === NO_BAR) return null;
  const totals = totalsOf(of);
  const path = (counts: Uint32Array) => barsPath(counts, Math.max(...totals, 1), "own");
  return (
    <svg class="place" viewBox={`0 0 ${of.count * 10} 64`} preserveAspectRatio="none" aria-hidden="true">
      <path class="all" d={path(totals)} />
      <rect class="here" x={bar * 10} width={10} y={0} height={64} />
    </svg>
  );
}

function percentText(column: Column, row: number): string {
  const share = percentile(column, row);
  return Number.isNaN(share) || column.entry.categories !== undefined ? "" : `${(100 * share).toFixed(share > 0.001 && share < 0.999 ? 1 : 2)} %`;
}

function Feature({ store, column, row }: { readonly store: Store; readonly column: Column; readonly row: number }) {
  const { title, unit, doc, name } = column.entry;
  const bar = bins(column).index[row];
  return (
    <tr data-column={name}>
      <th scope="row" title={doc}>
        {title}
      </th>
      <td class="number">
        {bar === NO_BAR ? (
          "–"
        ) : (
          <button type="button" class="link" title={`Images like this one in ${title}`} onClick={() => filterByBars(store, column, bar, bar)}>
            {valueText(column, row)}
          </button>
        )}{" "}
        <span class="unit">{unit}</span>
      </td>
      <td class="number">{percentText(column, row)}</td>
      <td>
        <Place column={column} row={row} />
      </td>
    </tr>
  );
}

/** Where the image is unusual. */
function Surprise({ store, row }: { readonly store: Store; readonly row: number }) {
  const { width, height, splits, n } = store.data.manifest;
  const { reference } = roles(splits);
  const counts = useMemo(() => countsOf(store.data, rowBits(new Uint8Array(n).fill(1, reference.start, reference.stop))), [store]);
  const nats = useMemo(() => surpriseOf(counts, bitsOf(store.data, row)), [counts, row]);
  const [total, most] = nats.reduce(([sum, high], one) => [sum + Math.abs(one), Math.max(high, Math.abs(one))], [0, 0]);
  const label = "Where the image is unusual: ink that is rare there (orange), ink that is missing there (blue)";
  return (
    <figure class="surprise" data-nats={total}>
      <MapPicture values={nats.map((one) => one / most)} width={width} height={height} label={label} />
      <figcaption>
        {label}. Each pixel by itself, with the shares of ink of {reference.name}: {total.toFixed(1)} nats together, full colour is {most.toFixed(1)}.
      </figcaption>
    </figure>
  );
}

export function Item({ store }: { readonly store: Store }) {
  const place = useComputed(() => store.selection.value.rows.indexOf(store.item.value ?? -1));
  const row = store.item.value;
  const count = store.selection.value.rows.length;
  if (row === null) {
    return (
      <div class="empty">
        <p>Click an image, or move to one with the arrow keys and press Enter.</p>
        <button type="button" disabled={count === 0} onClick={() => stepItem(store, 1)}>
          Show the first image
        </button>
      </div>
    );
  }
  const { split, index } = whereabouts(store.data, row);
  const chosen = store.chosen.value[row] === 1;
  return (
    <>
      <div class="item-head">
        <h3>
          {split} {index}
        </h3>
        <p class="line">{place.value < 0 ? "not in the selection" : `${(place.value + 1).toLocaleString("en")} of ${count.toLocaleString("en")} in the selection`}</p>
      </div>
      <div class="buttons">
        <button type="button" disabled={count === 0} onClick={() => stepItem(store, -1)}>
          ← Previous
        </button>
        <button type="button" disabled={count === 0} onClick={() => stepItem(store, 1)}>
          Next →
        </button>
        <button type="button" aria-pressed={chosen} onClick={() => toggleChosen(store, row)}>
          {chosen ? "Chosen" : "Choose"}
        </button>
        <CopyButton text={() => addressOf(store)} what="the link">
          Copy link
        </CopyButton>
        <CopyButton text={() => itemCode(row, store.data)} what="the Python code">
          Copy Python
        </CopyButton>
      </div>
      <div class="portrait">
        <Picture store={store} row={row} label={`Image ${index} of ${split}`} />
        <Surprise store={store} row={row} />
      </div>
      <table class="features">
        <caption>Features of the image; how much of all images has a smaller value</caption>
        <thead>
          <tr>
            <th scope="col">Feature</th>
            <th scope="col" class="number">
              Value
            </th>
            <th scope="col" class="number">
              Smaller
            </th>
            <th scope="col">Among all</th>
          </tr>
        </thead>
        <tbody>
          {[...store.data.columns.values()].map((column) => (
            <Feature key={column.entry.name} store={store} column={column} row={row} />
          ))}
        </tbody>
      </table>
      <NeighboursOfRow store={store} row={row} />
      <pre class="code" tabIndex={0}>
        <code>{itemCode(row, store.data)}</code>
      </pre>
    </>
  );
}
