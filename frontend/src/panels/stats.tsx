// Stats: a histogram of every column; each filters all the others.

import { useSignal } from "@preact/signals";
import { Histogram } from "../charts/histogram";
import { MeanImage } from "../mean_image";
import { differenceName } from "../differences";
import { setPanel, type Store } from "../state";
import { Differences } from "./differences";

const LATE = ["index", "line"]; // places, not properties: at the end

export function Stats({ store }: { readonly store: Store }) {
  const wanted = useSignal("");
  const made = store.differences.value.map(differenceName);
  const place = (name: string) => (made.includes(name) ? 0 : LATE.includes(name) ? 2 : 1);
  const columns = [...store.data.columns.values()].sort((one, other) => place(one.entry.name) - place(other.entry.name));
  const found = columns.filter(({ entry }) => `${entry.title} ${entry.name} ${entry.doc}`.toLowerCase().includes(wanted.value.toLowerCase()));
  return (
    <>
      <MeanImage store={store} />
      <div class="controls">
        <label>
          <span>Find a feature</span>
          <input type="search" value={wanted.value} onInput={(event) => (wanted.value = event.currentTarget.value)} />
        </label>
        <label>
          <span>Height of the bars</span>
          <select value={store.panels.value.scale ?? "own"} onChange={(event) => setPanel(store, "scale", event.currentTarget.value === "own" ? null : event.currentTarget.value)}>
            <option value="own">share of the selection</option>
            <option value="same">count, beside all</option>
            <option value="log">count, logarithmic</option>
          </select>
        </label>
      </div>
      <Differences store={store} />
      <p class="key" aria-hidden="true">
        <span class="swatch selected" /> selected <span class="swatch others" /> passes the other filters <span class="swatch all" /> all images
      </p>
      <div class="charts">
        {found.map((column) => (
          <Histogram key={column.entry.name} store={store} column={column} />
        ))}
      </div>
      {found.length === 0 && <p>No feature has “{wanted.value}” in its name or description.</p>}
    </>
  );
}
