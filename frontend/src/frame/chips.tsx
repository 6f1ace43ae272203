// The filters, each a chip that can be turned round or taken away.

import { opened } from "../dialogs/opened";
import { filterText, filterWords, negation, type Filter } from "../filters";
import type { Store } from "../state";

function Chip({ store, filter, at }: { readonly store: Store; readonly filter: Filter; readonly at: number }) {
  const words = filterWords(filter, store.data);
  const replace = (...by: Filter[]) => (store.filters.value = store.filters.value.toSpliced(at, 1, ...by));
  return (
    <li class="filter">
      <span>{words}</span>
      <button type="button" aria-label={`Turn round: ${words}`} title="The opposite" onClick={() => replace(negation(filter))}>
        ¬
      </button>
      <button type="button" aria-label={`Remove: ${words}`} title="Remove" onClick={() => replace()}>
        ×
      </button>
    </li>
  );
}

export function Chips({ store }: { readonly store: Store }) {
  const filters = store.filters.value;
  return (
    <section class="filters" aria-label="Filters">
      <ul>
        {filters.map((filter, at) => (
          <Chip key={`${at}${filterText(filter, store.data)}`} {...{ store, filter, at }} />
        ))}
      </ul>
      <button type="button" aria-haspopup="dialog" onClick={() => (opened.value = "filter")}>
        + Add filter
      </button>
      {filters.length > 0 && (
        <button type="button" onClick={() => (store.filters.value = [])}>
          Clear all
        </button>
      )}
      {filters.length === 0 && <span class="line">Click a bar, a split or a pixel to filter. Filters act together.</span>}
    </section>
  );
}
