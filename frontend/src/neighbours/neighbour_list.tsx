// The nearest images of one image, each laid over it. A query replaces the one before it: only the latest is answered.

import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { bitsOf, BitsPicture, type Bits } from "../charts/bits";
import { whereabouts } from "../data";
import { setPanel, showItem, type Store } from "../state";
import { roles } from "./audit";
import { neighboursOf } from "./client";
import type { Neighbours } from "./messages";

const COUNT = 24;
const SHIFTS = [0, 1, 2];
const AMONG = { all: "all images", train: "train alone", selection: "the selection" } as const;
type Among = keyof typeof AMONG;

/** The rows that may be answers; undefined for all. */
function allowedRows(store: Store, among: Among, without: number | null): Uint8Array | undefined {
  const { manifest } = store.data;
  if (among === "all" && without === null) return undefined;
  const { reference } = roles(manifest.splits);
  const allowed = among === "selection" ? store.drawn.value.selection.mask.slice() : new Uint8Array(manifest.n).fill(1);
  if (among === "train") {
    allowed.fill(0);
    allowed.fill(1, reference.start, reference.stop);
  }
  if (without !== null) allowed[without] = 0;
  return allowed;
}

interface Query {
  readonly bits: Bits;
  readonly shift: number;
  readonly allowed: Uint8Array | undefined;
}

/** Asks for the latest query as soon as the one before is answered. */
function useLatest(store: Store, query: Query | null): { readonly found: Signal<Neighbours | null>; readonly failure: Signal<string> } {
  const [found, failure] = [useSignal<Neighbours | null>(null), useSignal("")];
  const [waiting, busy] = [useSignal<Query | null>(null), useSignal(false)];
  useEffect(() => {
    waiting.value = query;
    if (query === null) found.value = null;
    else if (!busy.peek()) void run();
  }, [store, query?.bits, query?.shift, query?.allowed]);
  async function run(): Promise<void> {
    busy.value = true;
    try {
      while (waiting.peek() !== null) {
        const { bits, shift, allowed } = waiting.peek()!;
        waiting.value = null;
        const task = { kind: "near", query: bits.slice(), count: COUNT, shift, ...(allowed === undefined ? {} : { allowed }) } as const;
        found.value = await neighboursOf(store.data).ask<"near">(task).answer;
      }
    } catch (error) {
      failure.value = `Neighbours cannot be found: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      busy.value = false;
    }
  }
  return { found, failure };
}

interface NeighbourListProps {
  readonly store: Store;
  readonly bits: Bits | null; // the query; null for none yet
  readonly row: number | null; // the query's own row, which is no neighbour
  readonly what: string; // "test 42"
}

export function NeighbourList({ store, bits, row, what }: NeighbourListProps) {
  const shift = SHIFTS.find((each) => String(each) === store.panels.value.shift) ?? 0;
  const among = (Object.hasOwn(AMONG, store.panels.value.among ?? "") ? store.panels.value.among : "all") as Among;
  const kept = useSignal<{ readonly key: unknown[]; readonly allowed: Uint8Array | undefined } | null>(null);
  const key = [store, among, row, among === "selection" ? store.drawn.value.selection.mask : null];
  if (kept.peek() === null || kept.peek()!.key.some((part, at) => part !== key[at])) kept.value = { key, allowed: allowedRows(store, among, row) };
  const { found, failure } = useLatest(store, bits === null ? null : { bits, shift, allowed: kept.peek()!.allowed });
  const { width, height } = store.data.manifest;
  return (
    <section class="neighbours" aria-label="Nearest images" tabIndex={-1}>
      <h3>Nearest images</h3>
      <div class="controls">
        <label>
          <span>Among</span>
          <select value={among} onChange={(event) => setPanel(store, "among", event.currentTarget.value === "all" ? null : event.currentTarget.value)}>
            {Object.entries(AMONG).map(([name, text]) => (
              <option key={name} value={name}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>May move by</span>
          <select value={String(shift)} onChange={(event) => setPanel(store, "shift", event.currentTarget.value === "0" ? null : event.currentTarget.value)}>
            {SHIFTS.map((each) => (
              <option key={each} value={String(each)}>
                {each} {each === 1 ? "pixel" : "pixels"}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="key" aria-hidden="true">
        <span class="swatch both" /> both <span class="swatch first" /> only {what} <span class="swatch second" /> only the neighbour
      </p>
      {failure.value !== "" && <p role="alert">{failure.value}</p>}
      {bits !== null && found.value !== null && (
        <>
          <p class="line" data-milliseconds={found.value.milliseconds}>
            By pixels that differ, of {store.data.manifest.n.toLocaleString("en")} images compared in {found.value.milliseconds.toFixed(1)} ms.
          </p>
          <ul class="near">
            {Array.from(found.value.rows, (each, at) => {
              const { split, index } = whereabouts(store.data, each);
              const distance = found.value!.distances[at];
              return (
                <li key={each}>
                  <button type="button" data-row={each} data-distance={distance} aria-label={`${split} ${index}, ${distance} pixels differ`} onClick={() => showItem(store, each)}>
                    <BitsPicture bits={bits} over={bitsOf(store.data, each)} width={width} height={height} />
                    <b>{distance}</b> {split} {index}
                  </button>
                </li>
              );
            })}
          </ul>
        </>
      )}
    </section>
  );
}

/** The images nearest to one of the data set. */
export function NeighboursOfRow({ store, row }: { readonly store: Store; readonly row: number }) {
  const bits = useMemo(() => bitsOf(store.data, row), [store, row]);
  return <NeighbourList store={store} bits={bits} row={row} what="this image" />;
}
