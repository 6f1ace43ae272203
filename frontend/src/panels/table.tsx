// Table: the selection as rows. Only those that can be seen are there; their numbers say where they are.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Picture } from "../charts/picture";
import { valueText } from "../columns";
import { whereabouts } from "../data";
import { showItem, toggleChosen, type Sort, type Store } from "../state";

const TALL = 40; // pixels of a row
const SPARE = 4; // rows above and below what is seen

/** From ascending to descending to the data's own order. */
function nextSort(sort: Sort | null, column: string): Sort | null {
  if (sort?.column !== column) return { column, descending: false };
  return sort.descending ? null : { column, descending: true };
}

function Head({ store }: { readonly store: Store }) {
  const sort = store.sort.value;
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th scope="col">Chosen</th>
        <th scope="col">Image</th>
        {[...store.data.columns.values()].map(({ entry }) => {
          const direction = sort?.column !== entry.name ? "none" : sort.descending ? "descending" : "ascending";
          return (
            <th key={entry.name} scope="col" aria-sort={direction} class={entry.categories === undefined ? "number" : ""}>
              <button type="button" class="link" title={entry.doc} onClick={() => (store.sort.value = nextSort(sort, entry.name))}>
                {entry.title}
                <span aria-hidden="true">{direction === "none" ? "" : direction === "ascending" ? " ↑" : " ↓"}</span>
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function Row({ store, row, at }: { readonly store: Store; readonly row: number; readonly at: number }) {
  const { split, index } = whereabouts(store.data, row);
  const name = `${split} ${index}`;
  return (
    <tr aria-rowindex={at + 2} class={store.item.value === row ? "here" : ""}>
      <td>
        <input type="checkbox" aria-label={`Choose ${name}`} checked={store.chosen.value[row] === 1} onChange={() => toggleChosen(store, row)} />
      </td>
      <th scope="row">
        <button type="button" class="link name" onClick={() => showItem(store, row)}>
          <Picture store={store} row={row} />
          {name}
        </button>
      </th>
      {[...store.data.columns.values()].map((column) => (
        <td key={column.entry.name} class={column.entry.categories === undefined ? "number" : ""}>
          {valueText(column, row)}
        </td>
      ))}
    </tr>
  );
}

export function Table({ store }: { readonly store: Store }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, tall] = [useSignal(0), useSignal(600)];
  const seen = useComputed(() => {
    const { rows } = store.drawn.value.selection;
    const first = Math.max(Math.floor(top.value / TALL) - SPARE, 0);
    const from = Math.min(first, Math.max(rows.length - 1, 0));
    return { from, rows: rows.subarray(from, from + Math.ceil(tall.value / TALL) + 2 * SPARE), count: rows.length };
  });
  useEffect(() => {
    const watch = new ResizeObserver(() => (tall.value = box.current?.clientHeight ?? 600));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const { from, rows, count } = seen.value;
  const columns = store.data.columns.size + 2;
  const after = Math.max(count - from - rows.length, 0) * TALL;
  return (
    <div class="table-box" ref={box} tabIndex={0} role="region" aria-label="Images of the selection" onScroll={(event) => (top.value = event.currentTarget.scrollTop)}>
      <table aria-rowcount={count + 1} aria-colcount={columns} class="items">
        <caption class="unseen">{count.toLocaleString("en")} images of the selection in its order</caption>
        <Head store={store} />
        <tbody>
          {from > 0 && (
            <tr aria-hidden="true" class="gap" style={{ height: `${from * TALL}px` }}>
              <td colSpan={columns} />
            </tr>
          )}
          {Array.from(rows, (row, number) => (
            <Row key={row} store={store} row={row} at={from + number} />
          ))}
          {after > 0 && (
            <tr aria-hidden="true" class="gap" style={{ height: `${after}px` }}>
              <td colSpan={columns} />
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}
