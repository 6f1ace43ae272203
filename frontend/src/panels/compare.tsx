// Compare: any two sets of images: mean images, where they differ, every number tested, and a verdict.

import { useComputed } from "@preact/signals";
import { entropy, rowBits } from "../bitplanes";
import { MapPicture } from "../charts/bits";
import { namedSelections, type Named } from "../choosing";
import { valueOf } from "../columns";
import { adjustedForDiscoveries, energyDistance, FALSE_DISCOVERY_RATE, kolmogorovSmirnov, pixelTests } from "../drift";
import { parseFilter, passing } from "../filters";
import { countsOf } from "../pixel_statistics";
import { setPanel, type Store } from "../state";
import { counted, driftVerdict } from "../verdicts";
import { Progress, useJob } from "./running";
import { VerdictBox } from "./verdict";

const PERMUTATIONS = 199;
const STRONG = 6; // standard errors that have full colour

interface Part {
  readonly key: string;
  readonly title: string;
  readonly mask: () => Uint8Array;
}

/** The images of a selection with a name; none where it is of other data. */
function namedMask(store: Store, { filter }: Named): Uint8Array {
  const read = parseFilter(filter, store.data);
  return read === null ? new Uint8Array(store.data.manifest.n) : passing(read, store.data);
}

/** What can be compared: every split, the selection and the rest, what was chosen, and selections with a name. */
function parts(store: Store): Part[] {
  const { splits, n } = store.data.manifest;
  const of = (start: number, stop: number) => new Uint8Array(n).fill(1, start, stop);
  return [
    ...splits.map(({ name, start, stop }) => ({ key: `split ${name}`, title: name, mask: () => of(start, stop) })),
    { key: "selection", title: "the selection", mask: () => store.drawn.value.selection.mask },
    { key: "rest", title: "all but the selection", mask: () => store.drawn.value.selection.mask.map((one) => 1 - one) },
    { key: "chosen", title: "the chosen images", mask: () => store.chosen.value },
    ...namedSelections(store).map((named) => ({ key: `named ${named.name}`, title: `“${named.name}”`, mask: () => namedMask(store, named) })),
  ];
}

const rowsOf = (mask: Uint8Array) => Uint32Array.from({ length: mask.length }, (_, row) => row).filter((row) => mask[row] === 1);

function useComparison(store: Store, one: Part, other: Part) {
  return useComputed(() => {
    const masks = [one.mask(), other.mask()];
    const rows = masks.map(rowsOf);
    const counts = masks.map((mask) => countsOf(store.data, rowBits(mask)).ink);
    const [n, m] = rows.map(({ length }) => length);
    if (n === 0 || m === 0) return null;
    const tests = pixelTests(counts[0], n, counts[1], m);
    const columns = [...store.data.columns.values()].filter(({ entry }) => entry.kind !== "category" && entry.name !== "index" && entry.name !== "line");
    const numbers = columns.map((column) => {
      const [a, b] = rows.map((each) => Float64Array.from(each, (row) => valueOf(column, row)));
      return { name: column.entry.name, title: column.entry.title, ...kolmogorovSmirnov(a, b), means: [a, b].map((values) => values.filter((value) => value === value)).map((values) => values.reduce((sum, value) => sum + value, 0) / values.length) };
    });
    const tested = numbers.filter(({ p }) => p === p);
    const adjusted = adjustedForDiscoveries(tested.map(({ p }) => p));
    return {
      rows,
      counts,
      tests,
      numbers: tested.map((each, at) => ({ ...each, adjusted: adjusted[at] })).sort((a, b) => b.statistic - a.statistic),
      different: tests.adjusted.reduce((sum, value) => sum + Number(value <= FALSE_DISCOVERY_RATE), 0),
      energy: energyDistance(counts[0], n, counts[1], m),
      overlap: masks[0].reduce((sum, value, row) => sum + (value & masks[1][row]), 0),
    };
  });
}

export function Compare({ store }: { readonly store: Store }) {
  const { width, height, splits } = store.data.manifest;
  const all = parts(store);
  const find = (key: string | undefined, usual: number) => all.find((part) => part.key === key) ?? all[usual];
  const [one, other] = [find(store.panels.value.first, 0), find(store.panels.value.second, Math.min(splits.length - 1, splits.length > 1 ? splits.length - 1 : all.length - 2))];
  return (
    <>
      <p class="doc">Are two sets of images draws from one distribution? Every pixel, every number and the images as a whole are tested.</p>
      <div class="controls">
        {([["First", "first", one], ["Second", "second", other]] as const).map(([label, key, chosen]) => (
          <label key={key}>
            <span>{label}</span>
            <select value={chosen.key} onChange={(event) => setPanel(store, key, event.currentTarget.value)}>
              {all.map((part) => (
                <option key={part.key} value={part.key}>
                  {part.title}
                </option>
              ))}
            </select>
          </label>
        ))}
      </div>
      <Compared key={`${one.key} ${other.key}`} store={store} one={one} other={other} width={width} height={height} />
    </>
  );
}

function Compared({ store, one, other, width, height }: { readonly store: Store; readonly one: Part; readonly other: Part; readonly width: number; readonly height: number }) {
  const compared = useComparison(store, one, other);
  const job = useJob<"permute">(store);
  const found = compared.value;
  if (one.key === other.key) return <p>Choose two different sets.</p>;
  if (found === null) return <p>No image is in {one.mask().includes(1) ? other.title : one.title}: filter or choose some first.</p>;
  const [n, m] = found.rows.map(({ length }) => length);
  const test = job.answer.value !== null && Math.abs(job.answer.value.energy_distance - found.energy) < 1e-9 ? job.answer.value : null;
  const verdict = driftVerdict({ names: [one.title, other.title], pixels: width * height, different: found.different, rate: FALSE_DISCOVERY_RATE, numbers: found.numbers, energy: found.energy, test });
  const means = found.counts.map((counts, at) => Float64Array.from(counts, (count) => count / [n, m][at]));
  return (
    <>
      <VerdictBox verdict={verdict} />
      {found.overlap > 0 && (
        <p class="line">
          {counted(found.overlap, "image")} {found.overlap === 1 ? "is" : "are"} in both sets. The tests take the sets as independent, and the whole cannot be tested: a permutation deals
          every image to one of the two. Compare “the selection” with “all but the selection”.
        </p>
      )}
      {found.overlap === 0 && test === null && job.share.value === null && (
        <button type="button" onClick={() => job.start({ kind: "permute", first: found.rows[0], second: found.rows[1], permutations: PERMUTATIONS, seed: 0 })}>
          Test the whole by {PERMUTATIONS} permutations
        </button>
      )}
      <Progress job={job} what="Permutations" />
      <ul class="maps">
        {[
          { title: `Mean of ${one.title}, ${n.toLocaleString("en")} images`, values: means[0], gray: true },
          { title: `Mean of ${other.title}, ${m.toLocaleString("en")} images`, values: means[1], gray: true },
          { title: `Where ${other.title} has more ink (orange) or less (blue); full colour is ${STRONG} standard errors`, values: found.tests.z.map((z) => z / STRONG), gray: false },
          { title: `Entropy of the first mean image: ${means[0].reduce((sum, p) => sum + entropy(p), 0).toFixed(1)} bits, of the second ${means[1].reduce((sum, p) => sum + entropy(p), 0).toFixed(1)}`, values: means[0].map(entropy), gray: true },
        ].map(({ title, values, gray }) => (
          <li key={title}>
            <figure>
              <MapPicture values={values} width={width} height={height} label={title} gray={gray} />
              <figcaption>{title}</figcaption>
            </figure>
          </li>
        ))}
      </ul>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Numbers tested">
        <table data-pixels-different={found.different} data-energy={found.energy}>
          <caption>Two-sample Kolmogorov-Smirnov tests, the strongest first; p adjusted for their number</caption>
          <thead>
            <tr>
              <th scope="col">Number</th>
              <th scope="col" class="number">
                Mean, first
              </th>
              <th scope="col" class="number">
                Mean, second
              </th>
              <th scope="col" class="number">
                Statistic
              </th>
              <th scope="col" class="number">
                p
              </th>
              <th scope="col" class="number">
                p, adjusted
              </th>
            </tr>
          </thead>
          <tbody>
            {found.numbers.map(({ name, title, statistic, p, adjusted, means: [a, b] }) => (
              <tr key={name} data-column={name} data-statistic={statistic} data-p={p} data-adjusted={adjusted}>
                <th scope="row">{title}</th>
                <td class="number">{a.toPrecision(5)}</td>
                <td class="number">{b.toPrecision(5)}</td>
                <td class="number">{statistic.toFixed(4)}</td>
                <td class="number">{p.toPrecision(2)}</td>
                <td class="number">{adjusted.toPrecision(2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
