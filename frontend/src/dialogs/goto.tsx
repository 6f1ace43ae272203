// To an image by its split and position.

import { useSignal } from "@preact/signals";
import { rowAt } from "../data";
import { showItem, type Store } from "../state";
import { Dialog } from "./dialog";
import { opened } from "./opened";

/** The row that a text like "test/42", "test 42" or "test[42]" names; null where there is none. */
export function rowNamed(store: Store, text: string): number | null {
  const found = /^\s*(.*?)\s*[/\s[]\s*(\d{1,9})\s*\]?\s*$/.exec(text);
  return found === null ? null : rowAt(store.data, found[1], Number(found[2]));
}

export function Goto({ store }: { readonly store: Store }) {
  const text = useSignal("");
  const wrong = useSignal("");
  const { splits } = store.data.manifest;
  const last = splits.at(-1)!;
  const go = (event: Event) => {
    event.preventDefault();
    const row = rowNamed(store, text.value);
    if (row === null) {
      wrong.value = `There is no image “${text.value}”. Type a split and a position: ${splits.map(({ name, start, stop }) => `${name}/0 to ${name}/${stop - start - 1}`).join(", ")}.`;
      return;
    }
    opened.value = null;
    showItem(store, row);
  };
  return (
    <Dialog title="Go to an image">
      <form onSubmit={go}>
        <label>
          <span>Split and position</span>
          <input data-first value={text.value} placeholder={`${last.name}/42`} onInput={(event) => (text.value = event.currentTarget.value)} />
        </label>
        <button type="submit" class="primary">
          Go
        </button>
        <p role="alert">{wrong.value}</p>
      </form>
    </Dialog>
  );
}
