// The worker: it holds the images in a form that is fast to search, and does what would stop the page.

import { inkCounts, planesOf, rowBits, type Planes } from "../bitplanes";
import { permutationTest } from "../drift";
import type { Dataset, Manifest } from "../model";
import { principalComponents } from "../projection";
import { audit, Cancelled, comparison, roles } from "./audit";
import type { Asked, Begin, Compared, Neighbours, Said, Task } from "./messages";
import { distancesWithShifts, searchAmong, smallest, type Search } from "./search";

interface Images {
  readonly manifest: Manifest;
  readonly pixels: Uint8Array;
  readonly search: Search;
}

let images: Promise<Images> | null = null;
let planes: Planes | null = null;
const stopped = new Set<number>();
let lastLook = 0;

const say = (said: Said, moved: Transferable[] = []) => (self as unknown as Worker).postMessage(said, moved);

async function begun({ manifest, pixels, engine }: Begin): Promise<Images> {
  return { manifest, pixels, search: await searchAmong(pixels, manifest.row_bytes, engine) };
}

/** Tells how far a task is, some times a second, and lets messages in: one of them may say to stop. */
function advancing(id: number): (share: number) => Promise<void> {
  return async (share) => {
    if (performance.now() - lastLook < 50 && share < 1) return;
    lastLook = performance.now();
    say({ id, kind: "progress", share });
    await new Promise((resolve) => setTimeout(resolve));
    if (stopped.delete(id)) throw new Cancelled();
  };
}

function planesFor({ manifest, pixels }: Images): Planes {
  planes ??= planesOf({ manifest, pixels, columns: new Map() } satisfies Dataset);
  return planes;
}

async function compared({ manifest, search }: Images, name: string, given: Uint8Array, advance: (share: number) => Promise<void>): Promise<Compared> {
  const { reference } = roles(manifest.splits);
  const bytes = manifest.row_bytes;
  const n = given.length / bytes;
  const found = { distance: new Int32Array(n), row: new Int32Array(n) };
  const step = 64;
  for (let first = 0; first < n; first += step) {
    const near = search.nearest(given.subarray(first * bytes, Math.min(first + step, n) * bytes), reference.start, reference.stop);
    found.distance.set(near.distance, first);
    found.row.set(near.row, first);
    await advance(Math.min(first + step, n) / n);
  }
  const positions = Uint32Array.from({ length: n }, (_, at) => at);
  return { comparison: comparison(name, reference.name, false, positions, found, reference.start), rows: found.row, distances: found.distance };
}

function near({ manifest, search }: Images, { query, count, shift, allowed }: Task & { kind: "near" }): Neighbours {
  const began = performance.now();
  const distances = shift === 0 ? search.distances(query) : distancesWithShifts(search, query, manifest.width, manifest.height, shift);
  return { ...smallest(distances, count, allowed), milliseconds: performance.now() - began };
}

async function answer(found: Images, id: number, task: Task): Promise<unknown> {
  const advance = advancing(id);
  switch (task.kind) {
    case "near":
      return near(found, task);
    case "compare":
      return compared(found, task.name, task.images, advance);
    case "audit":
      return audit(found.search, found.manifest, found.pixels, advance);
    case "permute": {
      const of = planesFor(found);
      const rows = new Uint32Array([...task.first, ...task.second]);
      const counts = (mask: Uint8Array) => inkCounts(of, rowBits(mask));
      return permutationTest(found.manifest.n, rows, task.second.length, counts, advance, task);
    }
    case "project":
      return principalComponents(planesFor(found), found.pixels, found.manifest, advance);
  }
}

async function serve(asked: Asked): Promise<void> {
  if (asked.kind === "cancel") {
    stopped.add(asked.id);
    return;
  }
  try {
    if (asked.kind === "begin") {
      images = begun(asked);
      say({ id: asked.id, kind: "done", answer: { engine: (await images).search.engine } });
      return;
    }
    if (images === null) throw new Error("The worker was asked before it had images.");
    say({ id: asked.id, kind: "done", answer: await answer(await images, asked.id, asked) });
  } catch (error) {
    say({ id: asked.id, kind: "failed", message: error instanceof Error ? error.message : String(error), cancelled: error instanceof Cancelled });
  } finally {
    stopped.delete(asked.id);
  }
}

self.addEventListener("message", (event: MessageEvent<Asked>) => void serve(event.data));
