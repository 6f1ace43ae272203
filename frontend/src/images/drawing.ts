// Draws a scene whenever it has changed, once for each picture of the screen.
//
// For measurements: the mark "first-picture" when the first one is drawn; the measures "frame", one drawing, "filter", from a
// change of the selection until it is drawn (with WebGL, until it is handed to the graphics card), and "charts", from there until
// the panel follows it. Both end inside the frame that shows them.

import { effect } from "@preact/signals";
import type { Layout, Renderer } from "../model";
import { create, type RendererName } from "../renderers/choice";
import type { Store } from "../state";
import { viewOf, type Scene } from "./scene";

const MOST_PIXELS = 2 ** 21; // that the processor draws in more than one to a CSS pixel
const KEPT = 500; // measures

/** Device pixels to a CSS pixel of the canvas: fewer than the screen has where the processor could not keep up. */
export function ratioFor(name: RendererName, { width, height }: { readonly width: number; readonly height: number }): number {
  const screen = globalThis.devicePixelRatio || 1;
  return name === "webgl" ? screen : Math.min(screen, Math.max(1, Math.sqrt(MOST_PIXELS / (width * height))));
}

function measure(name: string, start: number): void {
  if (performance.getEntriesByName(name, "measure").length >= KEPT) performance.clearMeasures(name);
  performance.measure(name, { start, end: performance.now() });
}

/** Draws from now on; gives the function that ends it, or null where this renderer does not work here. */
export function drawing(name: RendererName, canvas: HTMLCanvasElement, store: Store, scene: Scene): (() => void) | null {
  const renderer = create(name, canvas, store.data);
  return renderer === null ? null : follow(renderer, canvas, store, scene);
}

function follow(renderer: Renderer, canvas: HTMLCanvasElement, store: Store, scene: Scene): () => void {
  let shown: Layout | null = null;
  let asked: number | null = null;
  let changed: number | null = null; // when the selection was
  let summed: number | null = null; // the same, for the panel
  let first = true;
  const draw = () => {
    asked = null;
    const began = performance.now();
    const [size, place, layout] = [scene.size.value, scene.place.value, scene.layout.value];
    const ratio = ratioFor(renderer.name, size);
    const [width, height] = [Math.max(1, Math.round(size.width * ratio)), Math.max(1, Math.round(size.height * ratio))];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    if (shown !== layout) renderer.setLayout((shown = layout));
    renderer.draw(viewOf(place, ratio), scene.colours.value);
    measure("frame", began);
    if (changed !== null) measure("filter", changed);
    changed = null;
    if (first) {
      performance.mark("first-picture");
      document.documentElement.dataset.ready = "1"; // for tests and measurements
    }
    first = false;
  };
  const endSelection = effect(() => {
    void store.selection.value;
    changed = summed = first ? null : performance.now() - store.milliseconds.peek();
  });
  const endPanel = effect(() => {
    void store.drawn.value;
    const began = summed;
    if (began !== null) requestAnimationFrame(() => measure("charts", began)); // when all parts have been rendered
  });
  const end = effect(() => {
    void [scene.size.value, scene.place.value, scene.layout.value, scene.colours.value];
    asked ??= requestAnimationFrame(draw);
  });
  return () => {
    endSelection();
    endPanel();
    end();
    delete document.documentElement.dataset.ready;
    if (asked !== null) cancelAnimationFrame(asked);
    renderer.dispose();
  };
}
