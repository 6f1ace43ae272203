// Which splits the filters let pass, and switching one on or off.

import { removeFilters, setFilter, type Store } from "./state";

/** Names of the splits that the filters on the column `split` let pass. */
export function splitsShown(store: Store): Set<string> {
  const shown = new Set(store.data.manifest.splits.map(({ name }) => name));
  for (const filter of store.filters.value) {
    if (filter.kind !== "name" || filter.column !== "split") continue;
    for (const name of shown) if (filter.names.includes(name) === filter.negated) shown.delete(name);
  }
  return shown;
}

/** Shows a split or no longer, or only it. At least one is always shown. */
export function toggleSplit(store: Store, name: string, only = false): void {
  const all = store.data.manifest.splits.map((split) => split.name);
  const shown = splitsShown(store);
  if (only) shown.clear();
  if (shown.has(name)) shown.delete(name);
  else shown.add(name);
  if (shown.size === 0 || shown.size === all.length) return removeFilters(store, "split");
  setFilter(store, { kind: "name", column: "split", names: all.filter((one) => shown.has(one)), negated: false });
}
