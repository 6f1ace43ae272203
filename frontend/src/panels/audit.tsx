// Audit: duplicates, and whether images of one split are in another, against baselines.

import { signal, useSignal, type Signal } from "@preact/signals";
import { bitsOf } from "../charts/bits";
import { Lines } from "../charts/lines";
import { save } from "../copying";
import { whereabouts } from "../data";
import type { Dataset } from "../model";
import type { Audit as Made, Comparison } from "../neighbours/audit";
import { showItem, type Store } from "../state";
import { auditVerdicts } from "../verdicts";
import { atMost, DistanceTable, distanceShares } from "./distances";
import { Progress, useJob } from "./running";
import { Pair, VerdictBox } from "./verdict";

const kept = new WeakMap<Dataset, Signal<Made | null>>();

/** The audit of a data set outlives the panel. */
function auditOf(data: Dataset): Signal<Made | null> {
  let found = kept.get(data);
  if (found === undefined) kept.set(data, (found = signal<Made | null>(null)));
  return found;
}

const titleOf = ({ query, to, left_out }: Comparison) => (left_out ? `${query} to itself, each left out in turn` : `${query} to ${to}`);

function Gallery({ store, each, limit }: { readonly store: Store; readonly each: Comparison; readonly limit: number }) {
  const { width, height, splits } = store.data.manifest;
  const start = (name: string) => splits.find((split) => split.name === name)!.start;
  const pairs = each.closest.filter(([, , distance]) => distance <= limit);
  const more = atMost(each, limit) - pairs.length;
  return (
    <>
      <h3>{each.left_out ? `Close pairs of ${each.to}` : `Close pairs: ${each.query} and ${each.to}`}</h3>
      {pairs.length === 0 ? (
        <p class="line">None within {limit} pixels.</p>
      ) : (
        <ul class="pairs-of">
          {pairs.map(([one, other, distance]) => {
            const [row, neighbour] = [start(each.query) + one, start(each.to) + other];
            const names = [`${each.query} ${one}`, `${each.to} ${other}`] as const;
            return <Pair key={`${row} ${neighbour}`} one={bitsOf(store.data, row)} other={bitsOf(store.data, neighbour)} names={names} distance={distance} width={width} height={height} onShow={() => showItem(store, neighbour)} />;
          })}
        </ul>
      )}
      {more > 0 && pairs.length > 0 && <p class="line">The closest are shown; {more.toLocaleString("en")} more images have such a neighbour.</p>}
    </>
  );
}

function Found({ store, made, seconds }: { readonly store: Store; readonly made: Made; readonly seconds: number }) {
  const limit = useSignal(made.threshold?.distance ?? 0);
  const { manifest } = store.data;
  const verdicts = auditVerdicts(made, manifest.n, manifest.splits.length, (row) => whereabouts(store.data, row));
  const report = () => ({
    onebit_audit: 1,
    dataset: manifest.name,
    version: manifest.version,
    pixels: manifest.width * manifest.height,
    splits: manifest.splits.map(({ name, start, stop, sha256 }) => ({ name, num_examples: stop - start, sha256 })),
    reference: made.reference,
    nearest: made.nearest,
    threshold: made.threshold,
    duplicates: { groups: made.duplicates.length, listed: made.duplicates.map((rows) => rows.map((row) => whereabouts(store.data, row)).map(({ split, index }) => `${split}/${index}`)) },
    findings: verdicts.map(({ good, title, text }) => ({ good, title, text })),
  });
  return (
    <>
      <p class="line" data-pairs={made.pairs}>
        {made.pairs.toLocaleString("en")} pairs{seconds > 0 ? ` compared in ${seconds.toFixed(1)} s` : ""}, every image with every image of {made.reference}.
      </p>
      {verdicts.map((verdict) => (
        <VerdictBox key={verdict.title} verdict={verdict} />
      ))}
      {made.nearest.length > 0 && (
        <>
          <Lines
            lines={made.nearest.map((each) => ({ title: titleOf(each), points: distanceShares(each) }))}
            label={`Shares of images by the distance to the nearest image of ${made.reference}; the numbers are in the table below`}
            axis="pixels that differ"
            at={{ x: limit.value, text: `${limit.value} pixels` }}
          />
          <label>
            <span>Close means at most {limit.value} pixels that differ</span>
            <input type="range" min={0} max={Math.max(60, 2 * (made.threshold?.distance ?? 0))} value={limit.value} onInput={(event) => (limit.value = Number(event.currentTarget.value))} />
          </label>
          <DistanceTable of={made.nearest} to={made.reference} limit={limit.value} />
          <p class="key" aria-hidden="true">
            <span class="swatch both" /> both <span class="swatch first" /> only the first <span class="swatch second" /> only the second
          </p>
          {made.nearest.map((each) => (
            <Gallery key={each.query} store={store} each={each} limit={limit.value} />
          ))}
        </>
      )}
      <h3>Duplicates</h3>
      {made.duplicates.length === 0 ? (
        <p class="line">No image is there twice.</p>
      ) : (
        <ul>
          {made.duplicates.slice(0, 50).map((rows) => (
            <li key={rows[0]}>
              {rows.map((row) => {
                const { split, index } = whereabouts(store.data, row);
                return (
                  <button key={row} type="button" class="link" onClick={() => showItem(store, row)}>
                    {split} {index}
                  </button>
                );
              })}
            </li>
          ))}
        </ul>
      )}
      <button type="button" onClick={() => save(`${JSON.stringify(report(), null, 1)}\n`, `audit-${manifest.name}.json`, "application/json")}>
        Save the audit
      </button>
    </>
  );
}

export function Audit({ store }: { readonly store: Store }) {
  const job = useJob<"audit">(store, auditOf(store.data));
  const made = job.answer.value;
  return (
    <>
      <p class="doc">
        Are images of one split in another? A small distance alone proves nothing: ones are written alike by everybody. So the distances of each split are compared with those of
        train itself, each image left out in its turn.
      </p>
      {made === null && job.share.value === null && (
        <button type="button" class="primary" onClick={() => job.start({ kind: "audit" })}>
          Compare all splits
        </button>
      )}
      <Progress job={job} what="Pairs compared" />
      {made !== null && <Found store={store} made={made} seconds={job.seconds.value} />}
    </>
  );
}
