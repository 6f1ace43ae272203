import assert from "node:assert/strict";
import { test } from "node:test";
import { pressing } from "../src/images/keys";
import { createScene } from "../src/images/scene";
import { PART_KEYS } from "../src/keyboard";
import { decode } from "../src/permalink";
import { createStore } from "../src/state";
import { small } from "./small";

const config = { datasets: [{ name: "small", version: "1.0.0", inline: true }], current: "small", leaderboard: null };
const MOVES = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"];
const OTHERS = ["Enter", " ", "Escape", "Delete", "Backspace", "Tab", "Insert", "F1"];
const PRINTED = Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at));

/** The keys that the list names for a part: "Ctrl+Home". */
function listed(part: string): string[] {
  const names: Record<string, string[]> = { Arrows: MOVES.slice(0, 4), Space: [" "], "Page Up": ["PageUp"], "Page Down": ["PageDown"] };
  const found: string[] = [];
  for (const [text] of PART_KEYS.find((one) => one.part === part)!.keys) {
    if (text === "Shift + one of these") found.push(...found.filter((key) => !key.includes("+")).map((key) => `Shift+${key}`));
    else for (const one of text.split(", ")) found.push(...(names[one] ?? [one.replace(" + ", "+")]));
  }
  return found.sort();
}

test("the images act on the keys of the list, and on no others", () => {
  const store = createStore(config, small(), decode(""));
  const press = pressing(store, createScene(store), () => null);
  const acted: string[] = [];
  for (const [modifier, keys] of [["", [...MOVES, ...OTHERS, ...PRINTED]], ["Shift", MOVES], ["Control", [...MOVES, ...OTHERS, ...PRINTED]], ["Alt", [...MOVES, ...OTHERS, ...PRINTED]]] as const) {
    for (const key of keys) {
      let prevented = false;
      press({ key, shiftKey: modifier === "Shift", ctrlKey: modifier === "Control", altKey: modifier === "Alt", metaKey: false, preventDefault: () => (prevented = true) } as unknown as KeyboardEvent);
      if (prevented) acted.push(`${modifier === "" ? "" : `${modifier.replace("Control", "Ctrl")}+`}${key}`);
    }
  }
  const wanted = listed("On the images");
  assert.deepEqual(acted.filter((key) => !/^Shift\+Ctrl/.test(key)).sort(), wanted);
});
