// The frame of the page: header, filters, panel, canvas, status.

import { useEffect } from "preact/hooks";
import { Canvas } from "../canvas";
import { Dialogs } from "../dialogs/dialogs";
import { listen } from "../keyboard";
import { panelOf } from "../panels";
import type { Store } from "../state";
import { Chips } from "./chips";
import { Header } from "./header";
import { Status } from "./status";
import { Tabs } from "./tabs";
import { Toolbar } from "./toolbar";

export function Frame({ store }: { readonly store: Store }) {
  const { tab, title, Panel, wide } = panelOf(store.tab.value);
  useEffect(() => listen(store), [store]);
  return (
    <div class={wide ? "explorer wide" : "explorer"}>
      <a class="skip" href="#images" onClick={(event) => (event.preventDefault(), document.querySelector<HTMLElement>("#images [tabindex='0'], #images")?.focus())}>
        Skip to the images
      </a>
      <Header store={store} />
      <Chips store={store} />
      <main class="halves">
        <section class="side" aria-label={`Panel: ${title}`}>
          <Tabs store={store} />
          <div class="panel" role="tabpanel" id="panel" aria-labelledby={`tab-${tab}`} aria-busy={store.drawing} tabIndex={-1} key={tab}>
            <h2 class="unseen">{title}</h2>
            <Panel store={store} />
          </div>
        </section>
        <section class="images" id="images" aria-label="Images" tabIndex={-1}>
          <Toolbar store={store} />
          <Canvas store={store} />
        </section>
      </main>
      <Status store={store} />
      <Dialogs store={store} />
    </div>
  );
}
