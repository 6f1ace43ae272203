// The dialog that is open.

import type { Store } from "../state";
import { AddFilter } from "./add_filter";
import { Export } from "./export";
import { Goto } from "./goto";
import { Keys } from "./keys";
import { opened } from "./opened";
import { Palette } from "./palette";

const DIALOGS = { palette: Palette, keys: Keys, filter: AddFilter, export: Export, goto: Goto };

export function Dialogs({ store }: { readonly store: Store }) {
  if (opened.value === null) return null;
  const Shown = DIALOGS[opened.value];
  return <Shown key={opened.value} store={store} />;
}
