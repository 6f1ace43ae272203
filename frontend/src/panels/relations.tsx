// Relations: which values of two features come together more or less often than by chance.

import { useComputed, useSignal } from "@preact/signals";
import { batch } from "@preact/signals";
import type { Column } from "../model";
import { ACROSS, cellWords, DOWN, relationsOf, strongestFirst, type Cell, type Relations as Found } from "../relations";
import { setFilter, setPanel, type Store } from "../state";
import { barsFilter } from "../statistics";
import { ColumnSelect } from "../frame/column_select";

const ROWS = 100; // shown at once

/** The shade of a cell: its doublings to 3, in tenths; blue is less, orange more. */
function shade({ factor }: Cell): string {
  if (factor === 1) return "cell";
  const steps = Math.max(1, Math.min(Math.ceil((Math.abs(Math.log2(factor)) / 3) * 5), 5));
  return `cell ${factor > 1 ? "more" : "less"}-${steps}`;
}

function factorText({ factor }: Cell): string {
  if (factor === 1) return "·";
  if (factor === 0) return "none";
  const times = Math.max(factor, 1 / factor);
  const text = times.toFixed(times < 1.095 ? 2 : times < 10 ? 1 : 0); // "1.0" would be chance
  return factor > 1 ? `${text}×` : `÷${text}`;
}

interface GridProps {
  readonly store: Store;
  readonly one: Column;
  readonly other: Column;
  readonly found: Found;
  readonly rows: readonly number[];
  readonly say: (words: string) => void;
}

function Grid({ store, one, other, found, rows, say }: GridProps) {
  const { down, across, downCounts, acrossCounts, cells } = found;
  const filter = (y: number | null, x: number | null) =>
    batch(() => {
      if (y !== null) setFilter(store, barsFilter(one, y, y, DOWN));
      if (x !== null && (one !== other || y === null)) setFilter(store, barsFilter(other, x, x, ACROSS));
    });
  const columns = [...acrossCounts.keys()].filter((x) => acrossCounts[x] > 0);
  return (
    <table class="relations">
      <caption>
        {one.entry.title} by {other.entry.title}: {found.total.toLocaleString("en")} images, the strongest rows first
      </caption>
      <thead>
        <tr>
          <th scope="col">{one.entry.title}</th>
          {columns.map((x) => (
            <th scope="col" key={x}>
              <button type="button" class="link" onClick={() => filter(null, x)} title={`${acrossCounts[x].toLocaleString("en")} images`}>
                {across.labels[x]}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((y) => (
          <tr key={y}>
            <th scope="row">
              <button type="button" class="link" onClick={() => filter(y, null)} title={`${downCounts[y].toLocaleString("en")} images`}>
                {down.labels[y]}
              </button>
            </th>
            {columns.map((x) => {
              const words = `${down.labels[y]} and ${across.labels[x]}: ${cellWords(cells[y][x])}`;
              return (
                <td key={x} class={shade(cells[y][x])}>
                  <button
                    type="button"
                    aria-label={words}
                    data-observed={cells[y][x].observed}
                    data-factor={cells[y][x].factor}
                    onMouseEnter={() => say(words)}
                    onFocus={() => say(words)}
                    onClick={() => filter(y, x)}
                  >
                    {factorText(cells[y][x])}
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The two columns to begin with: categories, or what has few values. */
function beginning(store: Store): [string, string] {
  const names = [...store.data.columns.keys()];
  const usual = ["holes", "components"].filter((name) => names.includes(name));
  return [store.panels.value.down ?? usual[0] ?? names[0], store.panels.value.across ?? usual[1] ?? names.at(-1)!];
}

export function Relations({ store }: { readonly store: Store }) {
  const wanted = useSignal("");
  const words = useSignal("");
  const chosen = useComputed(() => beginning(store).map((name) => store.data.columns.get(name) ?? store.data.columns.values().next().value!));
  const found = useComputed(() => relationsOf(chosen.value[0], chosen.value[1], store.drawn.value.selection.mask));
  const [one, other] = chosen.value;
  const matching = strongestFirst(found.value).filter((y) => found.value.down.labels[y].toLowerCase().includes(wanted.value.toLowerCase()));
  const rows = matching.slice(0, ROWS);
  return (
    <>
      <div class="controls">
        <ColumnSelect store={store} label="Rows" value={one.entry.name} onChoose={(name) => setPanel(store, "down", name)} />
        <button
          type="button"
          aria-label="Swap rows and columns"
          onClick={() => batch(() => (setPanel(store, "down", other.entry.name), setPanel(store, "across", one.entry.name)))}
        >
          ⇄
        </button>
        <ColumnSelect store={store} label="Columns" value={other.entry.name} onChoose={(name) => setPanel(store, "across", name)} />
        <label>
          <span>Find a row</span>
          <input type="search" value={wanted.value} onInput={(event) => (wanted.value = event.currentTarget.value)} />
        </label>
      </div>
      <p class="key" aria-hidden="true">
        <span class="swatch less-5" />
        <span class="swatch less-3" />
        <span class="swatch less-1" /> less often than by chance <span class="swatch more-1" />
        <span class="swatch more-3" />
        <span class="swatch more-5" /> more often
      </p>
      <p class="line at">{words.value || "Point at a cell for its numbers; click to see its images."}</p>
      {found.value.total === 0 ? (
        <p>No image of the selection has both values.</p>
      ) : (
        <div class="scroll-x" tabIndex={0} role="region" aria-label="Relations">
          <Grid {...{ store, one, other, found: found.value, rows }} say={(text) => (words.value = text)} />
        </div>
      )}
      {matching.length > ROWS && (
        <p class="line">
          {ROWS} of {matching.length} rows.
        </p>
      )}
      <details>
        <summary>How strength is measured</summary>
        <p class="doc">
          By chance, a cell would have E = (images of the row × images of the column) ÷ all images. Its standard deviation is √(E (1 − row ÷ all) (1 − column ÷ all)). What lies
          within 1.96 standard deviations of E counts as chance (·); what lies outside is compared with the nearer end of that interval. This is the rule of Know Your Data.
        </p>
      </details>
    </>
  );
}
