// The filters, each a chip that can be turned round or taken away.

import { opened } from "../dialogs/opened";
import { filterText, filterWords, negation, type Filter, type PixelFilter } from "../filters";
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

const MANY = 6; // pixels with a chip of their own; more have one together

function PixelsChip({ store, pixels }: { readonly store: Store; readonly pixels: readonly PixelFilter[] }) {
  const ink = pixels.filter((one) => one.ink).length;
  const words = `${pixels.length} pixels: ${[ink > 0 && `${ink} ink`, ink < pixels.length && `${pixels.length - ink} blank`].filter(Boolean).join(", ")}`;
  return (
    <li class="filter">
      <span>{words}</span>
      <button type="button" aria-label={`Remove: ${words}`} title="Remove" onClick={() => (store.filters.value = store.filters.value.filter(({ kind }) => kind !== "pixel"))}>
        ×
      </button>
    </li>
  );
}

export function Chips({ store }: { readonly store: Store }) {
  const filters = store.filters.value;
  const pixels = filters.filter((one): one is PixelFilter => one.kind === "pixel");
  const together = pixels.length > MANY;
  return (
    <section class="filters" aria-label="Filters">
      <ul>
        {filters.map((filter, at) => !(together && filter.kind === "pixel") && <Chip key={`${at}${filterText(filter, store.data)}`} {...{ store, filter, at }} />)}
        {together && <PixelsChip store={store} pixels={pixels} />}
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
