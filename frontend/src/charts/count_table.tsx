// The numbers behind a histogram.

import { numberText, type Bins } from "../columns";
import type { Column } from "../model";
import type { Store } from "../state";
import { filterByBars, summaryOf } from "../statistics";

interface CountTableProps {
  readonly store: Store;
  readonly column: Column;
  readonly of: Bins;
  readonly counts: { readonly all: Uint32Array; readonly selected: Uint32Array };
}

const count = (number: number) => number.toLocaleString("en");

export function CountTable({ store, column, of, counts }: CountTableProps) {
  const { title, doc, reference, categories } = column.entry;
  const { mask } = store.drawn.value.selection;
  const summary = summaryOf(column, mask);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Table of ${title}`}>
      <p class="doc">
        {doc} {reference}
      </p>
      {categories === undefined && summary.count > 0 && (
        <p class="doc">
          Of the selection: {count(summary.count)} with a value, from {numberText(summary.min)} to {numberText(summary.max)}, mean {numberText(summary.mean)}, standard
          deviation {numberText(summary.deviation)}.
        </p>
      )}
      <table>
        <thead>
          <tr>
            <th scope="col">{title}</th>
            <th scope="col" class="number">
              All
            </th>
            <th scope="col" class="number">
              Selected
            </th>
          </tr>
        </thead>
        <tbody>
          {of.labels.map((label, bar) => (
            <tr key={bar}>
              <th scope="row">
                <button type="button" class="link" onClick={(event) => filterByBars(store, column, bar, bar, event.shiftKey)}>
                  {label}
                </button>
              </th>
              <td class="number">{count(counts.all[bar])}</td>
              <td class="number">{count(counts.selected[bar])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
