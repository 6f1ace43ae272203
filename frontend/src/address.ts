// Keeps the address and the state alike: a change of the state is written into the fragment, and Back reads it again.

import { effect } from "@preact/signals";
import { decode, encode, type Link } from "./permalink";
import { applyLink, type Store } from "./state";

const PAUSE = 120; // milliseconds: changes that follow each other faster are one step of the history

/** Moving about and going through the images changes the address, but is no step to come back to. */
function step(link: Link): string {
  return encode({ ...link, view: null, item: null });
}

function write(link: Link, last: string): void {
  const text = `#${encode(link)}`;
  if (text === location.hash) return;
  try {
    if (step(link) === last) history.replaceState(null, "", text);
    else history.pushState(null, "", text);
  } catch {
    // A page inside another (srcdoc) has no address of its own.
  }
}

/** The address of the page as it is now, to be copied. */
export function addressOf(store: Store): string {
  return `${location.href.replace(/#.*$/s, "")}#${encode(store.link.value)}`;
}

/** From now on the address follows the store, and the store follows Back and Forward. `reopen` is for another data set. */
export function followAddress(store: Store, reopen: (link: Link) => void): () => void {
  let last = step(store.link.value);
  let known = location.hash;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settle = () => {
    if (location.hash !== known) return read(); // somebody has changed the address meanwhile: that counts
    write(store.link.value, last);
    last = step(store.link.value);
    known = location.hash;
  };
  const read = () => {
    known = location.hash;
    if (location.hash === `#${encode(store.link.value)}`) return;
    const link = decode(location.hash);
    if (link.dataset !== null && link.dataset !== store.data.manifest.name) return reopen(link);
    applyLink(store, link);
    last = step(store.link.value);
  };
  const changed = () => {
    if (location.hash !== known) read(); // one change comes as both events
  };
  const end = effect(() => {
    void store.link.value;
    clearTimeout(timer);
    if (!store.busy.value) timer = setTimeout(settle, PAUSE);
  });
  addEventListener("popstate", changed);
  addEventListener("hashchange", changed);
  return () => {
    clearTimeout(timer);
    end();
    removeEventListener("popstate", changed);
    removeEventListener("hashchange", changed);
  };
}
