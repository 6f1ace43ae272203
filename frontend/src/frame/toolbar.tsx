// How the images are laid out: layout, sort, group, colour.

import { LAYOUTS, type LayoutName, type Store } from "../state";
import { ColumnSelect } from "./column_select";

const NAMES: Record<LayoutName, string> = { grid: "Grid", columns: "Columns", scatter: "Scatter", map: "Map" };

export function Toolbar({ store }: { readonly store: Store }) {
  const { layout, sort, group, colour, x, y } = store;
  const descending = sort.value?.descending ?? false;
  const lay = (name: LayoutName) => {
    layout.value = name;
    store.view.value = null; // a new plane is seen as a whole at first
  };
  return (
    <div class="toolbar" role="toolbar" aria-label="Layout of the images">
      <div class="segments" role="group" aria-label="Layout">
        {LAYOUTS.map((name) => (
          <button key={name} type="button" aria-pressed={layout.value === name} onClick={() => lay(name)}>
            {NAMES[name]}
          </button>
        ))}
      </div>
      {(layout.value === "columns" || layout.value === "scatter") && <ColumnSelect store={store} label="Along x" value={x.value} onChoose={(name) => (x.value = name!)} />}
      {layout.value === "scatter" && <ColumnSelect store={store} label="Along y" value={y.value} onChoose={(name) => (y.value = name!)} />}
      <span class="pair">
        <ColumnSelect
          store={store}
          id="sort"
          label="Sort"
          none="as in the data"
          value={sort.value?.column ?? null}
          onChoose={(name) => (sort.value = name === null ? null : { column: name, descending })}
        />
        <button
          type="button"
          disabled={sort.value === null}
          aria-pressed={descending}
          aria-label="Descending"
          title={descending ? "Largest first" : "Smallest first"}
          onClick={() => sort.value !== null && (sort.value = { ...sort.value, descending: !descending })}
        >
          {descending ? "↓" : "↑"}
        </button>
      </span>
      {layout.value === "grid" && <ColumnSelect store={store} id="group" label="Group" none="none" value={group.value} onChoose={(name) => (group.value = name)} />}
      <ColumnSelect store={store} id="colour" label="Colour" none="none" value={colour.value} onChoose={(name) => (colour.value = name)} />
    </div>
  );
}
