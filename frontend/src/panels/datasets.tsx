// Datasets: what can be opened here, and what the open one is made of.

import { numberText } from "../columns";
import { pageOf, type Store } from "../state";
import { reopen } from "../frame/reopening";

const bytesText = (bytes: number) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`);

function Splits({ store }: { readonly store: Store }) {
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label="Splits">
      <table>
        <caption>Splits</caption>
        <thead>
          <tr>
            <th scope="col">Split</th>
            <th scope="col" class="number">
              Images
            </th>
            <th scope="col">SHA-256 of the packed images</th>
          </tr>
        </thead>
        <tbody>
          {store.data.manifest.splits.map(({ name, start, stop, sha256 }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="number">{(stop - start).toLocaleString("en")}</td>
              <td>
                <code>{sha256}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Columns({ store }: { readonly store: Store }) {
  return (
    <dl class="definitions">
      {[...store.data.columns.values()].map(({ entry }) => (
        <div key={entry.name}>
          <dt>
            {entry.title} <code>{entry.name}</code>
          </dt>
          <dd>
            {entry.doc} {entry.reference}
            {entry.categories === undefined && (
              <span class="unit">
                {" "}
                {numberText(entry.min)} to {numberText(entry.max)} {entry.unit}
              </span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Datasets({ store }: { readonly store: Store }) {
  const { config, data } = store;
  const { manifest } = data;
  const page = pageOf(store);
  return (
    <>
      <ul class="datasets">
        {config.datasets.map(({ name, version }) => (
          <li key={name}>
            <button type="button" aria-current={name === manifest.name ? "true" : undefined} onClick={() => name !== manifest.name && reopen.value(name)}>
              <b>{name}</b> {version}
              {name === manifest.name && <span class="unit"> open</span>}
            </button>
          </li>
        ))}
      </ul>
      <p>
        {manifest.n.toLocaleString("en")} images of {manifest.height} × {manifest.width} pixels, one bit each: {bytesText(manifest.pixels.bytes)} of pixels,{" "}
        {bytesText(manifest.features.bytes)} of features. All of it is in this page; nothing is sent anywhere.
      </p>
      <p class="links">
        {page !== null && <a href={page}>Page of the data set</a>} {config.leaderboard !== null && <a href={config.leaderboard}>Leaderboard</a>}
      </p>
      <Splits store={store} />
      <h3>Features</h3>
      <Columns store={store} />
    </>
  );
}
