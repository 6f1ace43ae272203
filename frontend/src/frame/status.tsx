// The line at the bottom: how many images, how fast; what is chosen and what can be done with it.

import { said } from "../copying";
import { opened } from "../dialogs/opened";
import { keepChosen } from "../choosing";
import { choose, type Store } from "../state";

export function Status({ store }: { readonly store: Store }) {
  const count = store.selection.value.rows.length;
  const chosen = store.chosenCount.value;
  const filtered = store.filters.value.length > 0;
  return (
    <footer class="status">
      <p role="status" id="status">
        <b>{count.toLocaleString("en")}</b> of {store.data.manifest.n.toLocaleString("en")}
        {filtered && <span class="unit"> · filtered in {Math.max(1, Math.round(store.milliseconds.value))} ms</span>}
      </p>
      {chosen > 0 && (
        <>
          <span id="chosen">{chosen.toLocaleString("en")} chosen</span>
          <button type="button" onClick={() => keepChosen(store)}>
            Show only these
          </button>
          <button type="button" onClick={() => choose(store, [])}>
            Choose none
          </button>
        </>
      )}
      <p class="said" aria-live="polite">
        {said.value}
      </p>
      <button type="button" class="primary" aria-haspopup="dialog" onClick={() => (opened.value = "export")}>
        Export {chosen > 0 ? "chosen" : "selection"}
      </button>
    </footer>
  );
}
