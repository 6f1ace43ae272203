// Two models image by image: which of them finds an image more likely, and on how many.

import { batch, useSignal } from "@preact/signals";
import { numberText } from "../columns";
import { contestOf, differenceName, modelOf, natsColumns, type Difference } from "../differences";
import { subject } from "../filters";
import { setFilter, type Store } from "../state";

/** Adds the column of a difference; once is enough. */
export function addDifference(store: Store, added: Difference): void {
  const name = differenceName(added);
  if (!store.differences.value.some((one) => differenceName(one) === name)) store.differences.value = [...store.differences.value, added];
}

/** Takes the column of a difference away, and what was done with it. */
export function removeDifference(store: Store, removed: Difference): void {
  const name = differenceName(removed);
  batch(() => {
    store.filters.value = store.filters.value.filter((one) => subject(one) !== name);
    if (store.sort.value?.column === name) store.sort.value = null;
    for (const used of [store.group, store.colour]) if (used.value === name) used.value = null;
    for (const used of [store.x, store.y]) if (used.value === name) used.value = removed.one;
    store.differences.value = store.differences.value.filter((one) => differenceName(one) !== name);
  });
}

function Contested({ store, difference }: { readonly store: Store; readonly difference: Difference }) {
  const name = differenceName(difference);
  const column = store.data.columns.get(name)!;
  const [one, other] = [difference.one, difference.other].map((each) => modelOf(store.data.columns.get(each)!));
  const { images, won, mean } = contestOf(column);
  return (
    <li data-difference={name} data-images={images} data-won={won}>
      <span>
        <b>{one}</b> beats {other} on {won.toLocaleString("en")} of {images.toLocaleString("en")} images
        {images > 0 && `; on average it needs ${numberText(Math.abs(mean))} nats per image ${mean < 0 ? "fewer" : "more"}`}.
      </span>
      <span class="buttons">
        <button type="button" onClick={() => setFilter(store, { kind: "range", column: name, ranges: [{ low: -Infinity, high: 0, open: true }], negated: false })}>
          Show these
        </button>
        <button type="button" onClick={() => (store.sort.value = { column: name, descending: false })}>
          Sort by the difference
        </button>
        <button type="button" aria-label={`Remove ${column.entry.title}`} onClick={() => removeDifference(store, difference)}>
          ×
        </button>
      </span>
    </li>
  );
}

export function Differences({ store }: { readonly store: Store }) {
  const models = natsColumns(store.data.columns);
  const [one, other] = [useSignal(models[0]?.entry.name ?? ""), useSignal(models[1]?.entry.name ?? "")];
  if (models.length < 2) return null;
  return (
    <details class="differences" open={store.differences.value.length > 0}>
      <summary>Two models, image by image</summary>
      <div class="controls">
        {([["Model", one], ["beside", other]] as const).map(([label, chosen]) => (
          <label key={label}>
            <span>{label}</span>
            <select value={chosen.value} onChange={(event) => (chosen.value = event.currentTarget.value)}>
              {models.map((column) => (
                <option key={column.entry.name} value={column.entry.name}>
                  {modelOf(column)}
                </option>
              ))}
            </select>
          </label>
        ))}
        <button type="button" disabled={one.value === other.value} onClick={() => addDifference(store, { one: one.value, other: other.value })}>
          Add the difference
        </button>
      </div>
      <p class="doc">Nats of the first minus nats of the second: a column like any other, below 0 where the first is better.</p>
      <ul class="contests">
        {store.differences.value.map((difference) => (
          <Contested key={differenceName(difference)} store={store} difference={difference} />
        ))}
      </ul>
    </details>
  );
}
