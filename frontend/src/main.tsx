// Where the page begins: what it was made for is read, the data are loaded, and the frame is shown.

import { signal } from "@preact/signals";
import { render } from "preact";
import { followAddress } from "./address";
import { DataError, load, readConfig, type Config } from "./data";
import { Frame } from "./frame/frame";
import { reopen } from "./frame/reopening";
import { decode, isWritten, type Link } from "./permalink";
import { createStore, filtersOfConfig, type Store } from "./state";
import { followTheme } from "./theme";
import "./explorer.css";
import "./finding.css";

const store = signal<Store | null>(null);
const share = signal(0);
const failure = signal<string | null>(null);
let leave: () => void = () => undefined;

function App() {
  if (failure.value !== null) {
    return (
      <main class="notice">
        <h1>The explorer cannot begin</h1>
        <p role="alert">{failure.value}</p>
      </main>
    );
  }
  if (store.value === null) {
    return (
      <main class="notice">
        <p role="status">Loading the images…</p>
        <progress aria-label="Images loaded" value={share.value} max={1} />
      </main>
    );
  }
  return <Frame key={store.value.data.manifest.name} store={store.value} />;
}

let configured: Config;

/** Opens the data set of a link, the page's own where the link names none that is here. */
async function open(config: Config, link: Link): Promise<void> {
  leave();
  store.value = null;
  share.value = 0;
  const asked = location.hash;
  try {
    const place = config.datasets.find(({ name }) => name === link.dataset) ?? config.datasets.find(({ name }) => name === config.current) ?? config.datasets[0];
    const data = await load(place, (loaded) => (share.value = loaded));
    if (location.hash !== asked) return open(config, decode(location.hash)); // the address has changed meanwhile
    const made = createStore(config, data, link);
    if (link.filters.length === 0 && !isWritten(asked)) made.filters.value = [...made.filters.value, ...filtersOfConfig(config, made.data)];
    store.value = made;
    document.title = `${place.name} · onebit explorer`;
    leave = followAddress(made, (other) => void open(config, other));
  } catch (error) {
    failure.value = error instanceof DataError || error instanceof SyntaxError ? error.message : String(error);
    if (!(error instanceof DataError)) console.error(error);
  }
}

function begin(place: HTMLElement): void {
  followTheme();
  reopen.value = (name) => void open(configured, { ...decode(""), tab: "DATASETS", dataset: name });
  render(<App />, place);
  try {
    configured = readConfig(document.getElementById("onebit-config")?.textContent ?? "null");
  } catch (error) {
    failure.value = error instanceof Error ? error.message : String(error);
    return;
  }
  void open(configured, decode(location.hash));
}

const place = document.getElementById("onebit-explorer");
if (place !== null) {
  begin(place);
}
