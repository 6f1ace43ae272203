// The chosen images, or the selection, as text and as files; and selections with a name.

import { useComputed, useSignal } from "@preact/signals";
import { addressOf } from "../address";
import { chosenRows, forgetSelection, namedSelections, nameSelection, showNamed } from "../choosing";
import { CopyButton, save } from "../copying";
import { linesOf, npy, png, selectionCode, selectionJson, splitText } from "../selection_files";
import type { Store } from "../state";
import { Dialog } from "./dialog";
import { opened } from "./opened";

const SHOWN = 4000; // characters of a text that is shown; all of it is copied

interface TextProps {
  readonly title: string;
  readonly what: string;
  readonly text: string;
  readonly id: string;
}

function Text({ title, what, text, id }: TextProps) {
  const cut = text.length > SHOWN;
  return (
    <div class="text">
      <label for={id}>{title}</label>
      <CopyButton text={() => text} what={what}>
        Copy
      </CopyButton>
      <textarea id={id} readOnly rows={Math.min(4, Math.max(1, text.split("\n").length))} value={cut ? `${text.slice(0, SHOWN)}…` : text} />
      {cut && <p class="line">The first {SHOWN.toLocaleString("en")} of {text.length.toLocaleString("en")} characters; all of them are copied.</p>}
    </div>
  );
}

function Files({ store, rows, name }: { readonly store: Store; readonly rows: Uint32Array; readonly name: string }) {
  const { data } = store;
  const json = () => save(selectionJson(rows, data, { permalink: addressOf(store).replace(/^[^#]*/, "") }), `${name}.json`, "application/json");
  const sheet = async () => save(await png(rows, data, store.invert.value), `${name}.png`, "image/png");
  return (
    <div class="buttons">
      <button type="button" onClick={json}>
        Save {name}.json
      </button>
      <button type="button" onClick={() => save(npy(rows, data), `${name}.npy`, "application/octet-stream")}>
        Save {name}.npy
      </button>
      <button type="button" onClick={() => void sheet()}>
        Save {name}.png
      </button>
    </div>
  );
}

function Names({ store, rows }: { readonly store: Store; readonly rows: Uint32Array }) {
  const name = useSignal("");
  const named = namedSelections(store);
  const keep = (event: Event) => {
    event.preventDefault();
    if (name.value.trim() !== "") nameSelection(store, name.value.trim(), rows);
    name.value = "";
  };
  return (
    <>
      <h3>Selections with a name</h3>
      <form class="controls" onSubmit={keep}>
        <label>
          <span>Name</span>
          <input value={name.value} maxLength={80} onInput={(event) => (name.value = event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={name.value.trim() === ""}>
          Keep in this browser
        </button>
      </form>
      <ul class="named">
        {named.map((one) => (
          <li key={one.name}>
            <button type="button" class="link" onClick={() => ((opened.value = null), showNamed(store, one))}>
              {one.name}
            </button>
            <span class="unit">{one.count.toLocaleString("en")} images</span>
            <button type="button" aria-label={`Forget ${one.name}`} onClick={() => forgetSelection(store, one.name)}>
              ×
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

export function Export({ store }: { readonly store: Store }) {
  const all = useSignal(store.chosenCount.value === 0);
  const rows = useComputed(() => (all.value ? store.selection.value.rows : chosenRows(store)));
  const name = "slice";
  const { data } = store;
  return (
    <Dialog title="Export" wide>
      <fieldset class="segments">
        <legend class="unseen">Which images</legend>
        <label class="check">
          <input type="radio" name="which" checked={!all.value} disabled={store.chosenCount.value === 0} onChange={() => (all.value = false)} />
          <span>the {store.chosenCount.value.toLocaleString("en")} chosen</span>
        </label>
        <label class="check">
          <input type="radio" name="which" checked={all.value} onChange={() => (all.value = true)} />
          <span>all {store.selection.value.rows.length.toLocaleString("en")} that the filters let pass</span>
        </label>
      </fieldset>
      <Files store={store} rows={rows.value} name={name} />
      <p class="doc">
        JSON is read by <code>onebit.load({JSON.stringify(data.manifest.name)}, select="{name}.json")</code> and keeps the order; .npy has the images as zeros and ones of type
        uint8; .png is a contact sheet of one bit a pixel.
      </p>
      <Text title="Split text" what="the split text" id="export-split" text={splitText(rows.value, data)} />
      <Text title="Python" what="the Python code" id="export-python" text={selectionCode(rows.value, data, `${name}.json`)} />
      <Text title="Positions" what="the positions" id="export-positions" text={linesOf(rows.value, data)} />
      <Names store={store} rows={rows.value} />
    </Dialog>
  );
}
