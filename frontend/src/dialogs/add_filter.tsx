// A filter by hand: a feature, and from where to where, or which of its categories.

import { useComputed, useSignal } from "@preact/signals";
import { bins, numberText } from "../columns";
import { filterText, passing, type Filter } from "../filters";
import { ColumnSelect } from "../frame/column_select";
import type { Store } from "../state";
import { Dialog } from "./dialog";
import { opened } from "./opened";

/** The bound that is typed, `missing` for nothing, NaN for what is no number. */
function bound(text: string, missing: number): number {
  if (text.trim() === "") return missing;
  const number = Number(text);
  return Number.isFinite(number) ? number : NaN;
}

export function AddFilter({ store }: { readonly store: Store }) {
  const name = useSignal(store.data.columns.has("ink") ? "ink" : store.data.columns.keys().next().value!);
  const [low, high, not] = [useSignal(""), useSignal(""), useSignal(false)];
  const names = useSignal<readonly string[]>([]);
  const column = store.data.columns.get(name.value)!;
  const filter = useComputed((): Filter => {
    const { categories } = store.data.columns.get(name.value)!.entry;
    if (categories !== undefined) return { kind: "name", column: name.value, names: names.value, negated: not.value };
    return { kind: "range", column: name.value, ranges: [{ low: bound(low.value, -Infinity), high: bound(high.value, Infinity) }], negated: not.value };
  });
  const wrong = useComputed(() => {
    const { value } = filter;
    if (value.kind === "name") return value.names.length === 0 ? "Choose at least one." : "";
    const range = value.kind === "range" ? value.ranges[0] : { low: 0, high: 0 };
    if (Number.isNaN(range.low) || Number.isNaN(range.high)) return "A bound is no number. Type digits, a point, or nothing.";
    return range.low > range.high ? "From is larger than to: no image would pass." : "";
  });
  const count = useComputed(() => (wrong.value === "" ? passing(filter.value, store.data).reduce((sum, one) => sum + one, 0) : 0));
  const add = (event: Event) => {
    event.preventDefault();
    if (wrong.value !== "") return;
    const text = filterText(filter.value, store.data);
    if (!store.filters.value.some((one) => filterText(one, store.data) === text)) store.filters.value = [...store.filters.value, filter.value];
    opened.value = null;
  };
  const { entry } = column;
  const { ranges } = bins(column);
  const toggle = (category: string) => (names.value = names.value.includes(category) ? names.value.filter((one) => one !== category) : [...names.value, category]);
  return (
    <Dialog title="Add a filter">
      <form onSubmit={add}>
        <ColumnSelect store={store} label="Feature" value={name.value} onChoose={(chosen) => ((name.value = chosen!), (names.value = []))} />
        <p class="doc">{entry.doc}</p>
        {entry.categories === undefined ? (
          <div class="controls">
            <label>
              <span>From</span>
              <input inputMode="decimal" placeholder={numberText(ranges.at(0)?.low ?? NaN)} value={low.value} onInput={(event) => (low.value = event.currentTarget.value)} />
            </label>
            <label>
              <span>To</span>
              <input inputMode="decimal" placeholder={numberText(ranges.at(-1)?.high ?? NaN)} value={high.value} onInput={(event) => (high.value = event.currentTarget.value)} />
            </label>
            <span class="unit">{entry.unit}</span>
          </div>
        ) : (
          <fieldset>
            <legend>{entry.title}</legend>
            {entry.categories.map((category) => (
              <label class="check" key={category}>
                <input type="checkbox" checked={names.value.includes(category)} onChange={() => toggle(category)} />
                <span>{category}</span>
              </label>
            ))}
          </fieldset>
        )}
        <label class="check">
          <input type="checkbox" checked={not.value} onChange={(event) => (not.value = event.currentTarget.checked)} />
          <span>the opposite: all other images</span>
        </label>
        <p role="status">{wrong.value || `${count.value.toLocaleString("en")} of all images pass.`}</p>
        <button type="submit" class="primary" disabled={wrong.value !== ""}>
          Add
        </button>
      </form>
    </Dialog>
  );
}
