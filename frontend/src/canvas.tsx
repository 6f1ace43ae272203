// The place of all images: a canvas that is zoomed and moved, and what lies over it.

import { effect, untracked, useSignal, useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { describeAmong } from "./images/describing";
import { drawing } from "./images/drawing";
import { activeRow, pressing, reveal } from "./images/keys";
import { Axes, Headings, Legend } from "./images/labels";
import { Band, Lasso, ringStyle, Tooltip } from "./images/marks";
import { isChoice, pointing } from "./images/pointing";
import { createScene, isSeen, placeOf, viewOf, type Scene, type Tool } from "./images/scene";
import { choose as chooseRenderer } from "./renderers/choice";
import type { Store } from "./state";
import { zoomingOn, type Zooming } from "./zooming";
import "./canvas.css";

const screenRatio = () => globalThis.devicePixelRatio || 1;

/** Zooming and the room that there is, from when the element is there. */
function useZooming(store: Store, scene: Scene) {
  const stage = useRef<HTMLDivElement>(null);
  const zooming = useRef<Zooming | null>(null);
  useLayoutEffect(() => {
    const element = stage.current!;
    const measured = () => {
      const { width, height } = element.getBoundingClientRect();
      const { value: known } = scene.size;
      if (width > 0 && height > 0 && (width !== known.width || height !== known.height)) scene.size.value = { width, height };
    };
    measured();
    const observer = new ResizeObserver(measured);
    observer.observe(element);
    zooming.current = zoomingOn(element, {
      moved(place, byUser) {
        scene.place.value = place;
        if (byUser) store.view.value = viewOf(place, screenRatio());
      },
      began: () => void (store.busy.value = true),
      ended: () => void (store.busy.value = false),
      isTaken: (event) => isChoice(scene, event),
    });
    const end = effect(() => {
      zooming.current!.setLimits(scene.limits.value);
      const { value: view } = store.view;
      const place = view === null ? null : placeOf(view, screenRatio());
      zooming.current!.show(place !== null && isSeen(place, scene.layout.value, scene.size.value) ? place : scene.fit.value);
    });
    return () => {
      end();
      observer.disconnect();
      zooming.current?.dispose();
      store.busy.value = false;
    };
  }, [store, scene]);
  return { stage, zooming };
}

/** Another selection or layout is seen as a whole at first, unless the view comes with it (from a link, say). */
function useFreshView(store: Store): void {
  const before = useRef<{ readonly what: readonly unknown[]; readonly view: unknown } | null>(null);
  useSignalEffect(() => {
    const what = [store.filters.value, store.layout.value, store.group.value, store.x.value, store.y.value];
    const { value: view } = store.view;
    const changed = before.current !== null && what.some((one, at) => one !== before.current!.what[at]);
    const kept = before.current?.view === view;
    before.current = { what, view };
    if (changed && kept && view !== null) store.view.value = null;
  });
}

function Pixels({ store, scene }: { readonly store: Store; readonly scene: Scene }) {
  const name = useSignal(useMemo(() => chooseRenderer(location.search), []));
  const canvas = useRef<HTMLCanvasElement>(null);
  const { value: renderer } = name;
  useLayoutEffect(() => {
    const element = canvas.current!;
    const giveUp = () => void (name.value = "cpu");
    element.addEventListener("webglcontextlost", giveUp);
    const end = drawing(renderer, element, store, scene);
    if (end === null) giveUp();
    return () => {
      element.removeEventListener("webglcontextlost", giveUp);
      end?.();
    };
  }, [renderer, store, scene]);
  return <canvas key={renderer} ref={canvas} class="pixels" data-renderer={renderer} aria-hidden="true" />;
}

/** The cell of the keyboard, for those who see it and for those who hear it. */
function ActiveCell({ store, scene }: { readonly store: Store; readonly scene: Scene }) {
  const row = activeRow(store, scene);
  const { width } = scene.layout.value;
  if (row === null) {
    return (
      <div role="row">
        <div role="gridcell" id="active-image">
          No image passes the filters
        </div>
      </div>
    );
  }
  const cell = scene.cellOf.value[row];
  return (
    <div role="row" aria-rowindex={Math.floor(cell / width) + 1}>
      <div
        role="gridcell"
        id="active-image"
        class={store.active.value === row ? "ring active" : "ring"}
        style={ringStyle(scene, row) ?? {}}
        aria-colindex={(cell % width) + 1}
        aria-selected={store.chosen.value[row] === 1}
        aria-label={describeAmong(store.data, row, store.selection.value.rows)}
      />
    </div>
  );
}

function Buttons({ store, scene, zooming }: { readonly store: Store; readonly scene: Scene; readonly zooming: () => Zooming | null }) {
  const tool = (one: Tool) => ({ "aria-pressed": scene.tool.value === one, onClick: () => void (scene.tool.value = scene.tool.value === one ? "move" : one) });
  return (
    <div class="zoom" role="group" aria-label="Size of the images">
      <button type="button" title="Larger (+)" aria-label="Larger" onClick={() => zooming()?.scale(1.5)}>
        +
      </button>
      <button type="button" title="Smaller (-)" aria-label="Smaller" onClick={() => zooming()?.scale(1 / 1.5)}>
        −
      </button>
      <button type="button" title="All images (0)" aria-label="All images" disabled={store.view.value === null} onClick={() => (store.view.value = null)}>
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" />
        </svg>
      </button>
      <button type="button" title="Drag to choose images (Shift + drag does so at any time)" aria-label="Drag to choose images" {...tool("band")}>
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M2 2h12v12H2z" stroke-dasharray="2.4 2" />
        </svg>
      </button>
      <button type="button" title="Draw around images to choose them (with Shift: these as well)" aria-label="Draw around images" {...tool("lasso")}>
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M4 9.5C-1 5 4 1.5 9 1.5s7 4.5 3.5 7S6 11 4 9.5zm0 0c-1.5 1.5 1 2.5 0 5" />
        </svg>
      </button>
    </div>
  );
}

/** All images of the selection. */
export function Canvas({ store }: { readonly store: Store }) {
  const scene = useMemo(() => createScene(store), [store]);
  useFreshView(store);
  const { stage, zooming } = useZooming(store, scene);
  const [pointer, pressed] = useMemo(() => [pointing(store, scene), pressing(store, scene, () => zooming.current)] as const, [store, scene]);
  useSignalEffect(() => {
    const { value: active } = store.active;
    // Only another image is gone to: one may look elsewhere and keep it.
    untracked(() => active !== null && zooming.current !== null && store.view.value !== null && reveal(scene, zooming.current, active));
  });
  const { width, height } = scene.layout.value;
  const count = store.selection.value.rows.length;
  return (
    <div class="canvas">
      <Legend store={store} />
      <div class="room">
        <div
          ref={stage}
          class={scene.tool.value === "move" ? "stage" : "stage choosing"}
          role="grid"
          tabIndex={0}
          aria-label={`Images: ${count.toLocaleString("en")}. Arrow keys go from one to the next.`}
          aria-rowcount={height}
          aria-colcount={width}
          aria-multiselectable="true"
          aria-activedescendant="active-image"
          onKeyDown={pressed}
          {...pointer}
        >
          <Pixels store={store} scene={scene} />
          <ActiveCell store={store} scene={scene} />
        </div>
        <Headings scene={scene} />
        <Axes scene={scene} />
        <Band scene={scene} />
        <Lasso scene={scene} />
        <Tooltip store={store} scene={scene} />
        {count === 0 && <p class="nothing">No image passes all filters.</p>}
        <Buttons store={store} scene={scene} zooming={() => zooming.current} />
      </div>
    </div>
  );
}
