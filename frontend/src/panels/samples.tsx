// Samples: images that a model drew, dropped as a file: does it copy its training data, and does it draw what the data have?

import { signal, useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { bitAt, bitsOf, MapPicture } from "../charts/bits";
import { Lines } from "../charts/lines";
import { valueOf } from "../columns";
import { energyDistance, FALSE_DISCOVERY_RATE, kolmogorovSmirnov, pixelTests } from "../drift";
import type { Dataset } from "../model";
import { roles, thresholdOf, type Comparison } from "../neighbours/audit";
import type { Compared } from "../neighbours/messages";
import { readSamples, type Samples as Read } from "../samples";
import { showItem, type Store } from "../state";
import { memorisation } from "../verdicts";
import { DistanceTable, distanceShares } from "./distances";
import { Progress, useJob } from "./running";
import { Pair, VerdictBox } from "./verdict";

const SHOWN = 24;
const MOST_SAMPLES = 200_000;

interface Kept {
  readonly read: Signal<Read | null>;
  readonly compared: Signal<Compared | null>;
  readonly baseline: Signal<Compared | null>;
}
const kept = new WeakMap<Dataset, Kept>();

/** What was dropped outlives the panel. */
function keptOf(data: Dataset): Kept {
  let found = kept.get(data);
  if (found === undefined) kept.set(data, (found = { read: signal<Read | null>(null), compared: signal<Compared | null>(null), baseline: signal<Compared | null>(null) }));
  return found;
}

async function pictureOf(bytes: Uint8Array): Promise<ImageData> {
  const drawn = await createImageBitmap(new Blob([bytes as BlobPart], { type: "image/png" }), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(drawn.width, drawn.height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(drawn, 0, 0);
  return context.getImageData(0, 0, drawn.width, drawn.height);
}

/** The split whose distances are the baseline: test, or the last other than the reference. */
function baselineSplit({ manifest }: Dataset) {
  const { reference, others } = roles(manifest.splits);
  return others.find(({ name }) => name === "test") ?? others.at(-1) ?? reference;
}

/** What is close: the distance that few images of the baseline have at most. */
const limitOf = (baseline: Comparison) => thresholdOf([baseline])?.distance ?? 0;

const inkOf = (bits: Uint8Array, from: number, bytes: number) => {
  let sum = 0;
  for (let at = from; at < from + bytes; at++) for (let byte = bits[at]; byte !== 0; byte &= byte - 1) sum++;
  return sum;
};

/** How the samples differ from the reference split, in pixels and in ink. */
function Likeness({ store, read }: { readonly store: Store; readonly read: Read }) {
  const { width, height, row_bytes: bytes, splits } = store.data.manifest;
  const { reference } = roles(splits);
  const counts = (images: Uint8Array, count: number) => {
    const made = new Uint32Array(width * height);
    for (let image = 0; image < count; image++) {
      const one = images.subarray(image * bytes, (image + 1) * bytes);
      for (let place = 0; place < made.length; place++) made[place] += bitAt(one, place);
    }
    return made;
  };
  const [n, m] = [reference.stop - reference.start, read.count];
  const theirs = counts(store.data.pixels.subarray(reference.start * bytes, reference.stop * bytes), n);
  const own = counts(read.images, m);
  const tests = pixelTests(theirs, n, own, m);
  const different = tests.adjusted.reduce((sum, value) => sum + Number(value <= FALSE_DISCOVERY_RATE), 0);
  const ink = Float64Array.from({ length: m }, (_, image) => inkOf(read.images, image * bytes, bytes));
  const column = store.data.columns.get("ink");
  const known = column === undefined ? null : Float64Array.from({ length: n }, (_, at) => valueOf(column, reference.start + at));
  const ks = known === null ? null : kolmogorovSmirnov(known, ink);
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const maps = [
    { title: `Mean of ${reference.name}`, values: Float64Array.from(theirs, (count) => count / n), gray: true },
    { title: "Mean of the samples", values: Float64Array.from(own, (count) => count / m), gray: true },
    { title: "Where the samples have more ink (orange) or less (blue); full colour is 6 standard errors", values: tests.z.map((z) => z / 6), gray: false },
  ];
  return (
    <>
      <h3>Beside the data</h3>
      <ul class="maps">
        {maps.map(({ title, values, gray }) => (
          <li key={title}>
            <figure>
              <MapPicture values={values} width={width} height={height} label={title} gray={gray} />
              <figcaption>{title}</figcaption>
            </figure>
          </li>
        ))}
      </ul>
      <p data-different={different}>
        {different} of {width * height} pixels have another share of ink (false discovery rate 5%). Energy distance {energyDistance(theirs, n, own, m).toFixed(3)} pixels.
        {known !== null && ks !== null && ` Ink: ${mean(ink).toFixed(1)} pixels a sample, ${mean(known).toFixed(1)} in ${reference.name} (KS ${ks.statistic.toFixed(3)}, p ${ks.p.toPrecision(2)}).`}
      </p>
    </>
  );
}

function Distances({ store, read, compared, baseline }: { readonly store: Store; readonly read: Read; readonly compared: Compared; readonly baseline: Compared }) {
  const { width, height, row_bytes: bytes } = store.data.manifest;
  const limit = limitOf(baseline.comparison);
  const order = Uint32Array.from({ length: read.count }, (_, at) => at).sort((a, b) => compared.distances[a] - compared.distances[b] || a - b);
  const { reference } = roles(store.data.manifest.splits);
  return (
    <>
      <VerdictBox verdict={memorisation(compared.comparison, baseline.comparison, limit)} />
      <Lines
        lines={[compared.comparison, baseline.comparison].map((each) => ({ title: `${each.query} to ${each.to}`, points: distanceShares(each) }))}
        label={`Shares of images by the distance to the nearest image of ${reference.name}: the samples, and ${baseline.comparison.query}`}
        axis="pixels that differ"
        at={{ x: limit, text: `${limit} pixels` }}
      />
      <DistanceTable of={[compared.comparison, baseline.comparison]} to={reference.name} limit={limit} />
      <h3>The samples nearest to {reference.name}</h3>
      <p class="key" aria-hidden="true">
        <span class="swatch both" /> both <span class="swatch first" /> only the sample <span class="swatch second" /> only {reference.name}
      </p>
      <ul class="pairs-of">
        {[...order.subarray(0, SHOWN)].map((at) => {
          const row = compared.rows[at];
          const names = [`sample ${at}`, `${reference.name} ${row - reference.start}`] as const;
          return <Pair key={at} one={read.images.subarray(at * bytes, (at + 1) * bytes)} other={bitsOf(store.data, row)} names={names} distance={compared.distances[at]} width={width} height={height} onShow={() => showItem(store, row)} />;
        })}
      </ul>
    </>
  );
}

export function Samples({ store }: { readonly store: Store }) {
  const { width, height, row_bytes: bytes } = store.data.manifest;
  const { read, compared, baseline } = keptOf(store.data);
  const [failure, over] = [useSignal(""), useSignal(false)];
  const [job, other] = [useJob<"compare">(store, compared), useJob<"compare">(store, baseline)];
  const split = baselineSplit(store.data);
  useEffect(() => {
    if (read.value !== null && compared.value !== null && baseline.value === null && other.share.peek() === null && other.failure.peek() === "") {
      other.start({ kind: "compare", name: split.name, images: store.data.pixels.slice(split.start * bytes, split.stop * bytes) });
    }
  }, [read.value, compared.value, baseline.value]);
  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    failure.value = "";
    try {
      const found = await readSamples(file, width, height, pictureOf);
      if (found.count > MOST_SAMPLES) throw new Error(`The file has ${found.count.toLocaleString("en")} images; at most ${MOST_SAMPLES.toLocaleString("en")} are compared.`);
      compared.value = null;
      read.value = found;
      job.start({ kind: "compare", name: "samples", images: found.images.slice() });
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    }
  };
  return (
    <>
      <p class="doc">
        Images that your model drew, as .npy, .npz or a PNG grid. Each is compared with every image of {roles(store.data.manifest.splits).reference.name}, and the distances with those
        of {split.name}, which no model has seen. The file stays on this machine.
      </p>
      <div
        class={over.value ? "dropping over" : "dropping"}
        onDragOver={(event) => (event.preventDefault(), (over.value = true))}
        onDragLeave={() => (over.value = false)}
        onDrop={(event) => {
          event.preventDefault();
          over.value = false;
          void take(event.dataTransfer?.files[0]);
        }}
      >
        <label>
          <span>Drop a file here, or choose one</span>
          <input
            type="file"
            accept=".npy,.npz,.png"
            onChange={(event) => {
              void take(event.currentTarget.files?.[0]);
              event.currentTarget.value = ""; // a file of the same name that was written anew is a change too
            }}
          />
        </label>
      </div>
      {failure.value !== "" && <p role="alert">{failure.value}</p>}
      {read.value !== null && (
        <p data-count={read.value.count}>
          <b>{read.value.name}</b>: {read.value.count.toLocaleString("en")} images. {read.value.notes.join(" ")}
        </p>
      )}
      <Progress job={job} what="Samples compared" />
      <Progress job={other} what="Baseline compared" />
      {read.value !== null && compared.value !== null && baseline.value !== null && <Distances store={store} read={read.value} compared={compared.value} baseline={baseline.value} />}
      {read.value !== null && compared.value !== null && <Likeness store={store} read={read.value} />}
    </>
  );
}
