// The header: the data set, its splits, and what belongs to the whole page.

import { addressOf } from "../address";
import { copy } from "../copying";
import { opened } from "../dialogs/opened";
import { toggleSplit, splitsShown } from "../splits";
import { pageOf, type Store } from "../state";
import { dark, otherTheme } from "../theme";

function Splits({ store }: { readonly store: Store }) {
  const shown = splitsShown(store);
  return (
    <div class="splits" role="group" aria-label="Splits">
      {store.data.manifest.splits.map(({ name, start, stop }) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-pressed={shown.has(name)}
          title={`${(stop - start).toLocaleString("en")} images. Click: with or without. Alt-click: only ${name}.`}
          onClick={(event) => toggleSplit(store, name, event.altKey)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 8 8" aria-hidden="true">
      <path fill="currentColor" d="M0 0h8v8H0zM3 1v1H2v1h1v3H2v1h4V6H5V1z" fill-rule="evenodd" />
    </svg>
  );
}

export function Header({ store }: { readonly store: Store }) {
  const { name, version } = store.data.manifest;
  const page = pageOf(store);
  return (
    <header class="top">
      {page === null ? (
        <span class="home">
          <Mark />
          onebit
        </span>
      ) : (
        <a class="home" href={page}>
          <Mark />
          onebit
        </a>
      )}
      <h1>
        {name} <span class="unit">{version}</span>
      </h1>
      <Splits store={store} />
      <div class="tools">
        <button type="button" aria-haspopup="dialog" onClick={() => (opened.value = "palette")} title="All commands (Ctrl-K)">
          Commands
        </button>
        <button type="button" aria-pressed={store.invert.value} onClick={() => (store.invert.value = !store.invert.value)} title="Ink light, paper dark, or the other way round (I)">
          Invert
        </button>
        <button type="button" onClick={otherTheme} title="Dark or light page (D)">
          {dark.value ? "Light" : "Dark"}
        </button>
        <button type="button" onClick={() => void copy(addressOf(store), "the link")}>
          Copy link
        </button>
        <button type="button" aria-haspopup="dialog" onClick={() => (opened.value = "keys")} aria-label="Keys" title="Keys (?)">
          ?
        </button>
      </div>
    </header>
  );
}
