// The frame of the page: header, filters, panel, canvas, status.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Canvas } from "../canvas";
import { Dialogs } from "../dialogs/dialogs";
import { listen } from "../keyboard";
import { panelOf } from "../panels";
import type { Store } from "../state";
import { Chips } from "./chips";
import { refuseStrayFiles } from "./dropping";
import { Header } from "./header";
import { Status } from "./status";
import { Tabs } from "./tabs";
import { Toolbar } from "./toolbar";

const NARROW = "(max-width: 56rem)"; // the panel lies below the images, see explorer.css

/** Where the panel lies below the images, one that is opened comes into sight. */
function useSight(tab: string) {
  const side = useRef<HTMLElement>(null);
  const before = useRef(tab);
  useEffect(() => {
    if (before.current !== tab && matchMedia(NARROW).matches) side.current?.scrollIntoView({ block: "start" });
    before.current = tab;
  }, [tab]);
  return side;
}

export function Frame({ store }: { readonly store: Store }) {
  const { tab, title, Panel, wide } = panelOf(store.tab.value);
  useLayoutEffect(() => listen(store), [store]); // keys act as soon as the page is there
  useEffect(refuseStrayFiles, []);
  const side = useSight(tab);
  return (
    <div class={wide ? "explorer wide" : "explorer"}>
      <a class="skip" href="#images" onClick={(event) => (event.preventDefault(), document.querySelector<HTMLElement>("#images [tabindex='0'], #images")?.focus())}>
        Skip to the images
      </a>
      <Header store={store} />
      <Chips store={store} />
      <main class="halves">
        <section class="side" ref={side} aria-label={`Panel: ${title}`}>
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
