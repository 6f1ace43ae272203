// The tabs of the panels.

import type { TargetedKeyboardEvent } from "preact";
import { PANELS, panelOf } from "../panels";
import type { Store } from "../state";

/** Opens the tab that is some places further, around the end. */
export function stepTab(store: Store, by: number): void {
  const at = PANELS.indexOf(panelOf(store.tab.value));
  store.tab.value = PANELS[(at + by + PANELS.length) % PANELS.length].tab;
}

export function Tabs({ store }: { readonly store: Store }) {
  const open = panelOf(store.tab.value).tab;
  const keys = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) stepTab(store, steps[event.key]);
    else if (event.key === "Home") store.tab.value = PANELS[0].tab;
    else if (event.key === "End") store.tab.value = PANELS.at(-1)!.tab;
    else return;
    event.preventDefault();
    event.stopPropagation();
    document.getElementById(`tab-${panelOf(store.tab.value).tab}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Panels" onKeyDown={keys}>
      {PANELS.map(({ tab, title }) => (
        <button
          key={tab}
          type="button"
          role="tab"
          id={`tab-${tab}`}
          aria-selected={tab === open}
          aria-controls={tab === open ? "panel" : undefined}
          tabIndex={tab === open ? 0 : -1}
          onClick={() => (store.tab.value = tab)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
