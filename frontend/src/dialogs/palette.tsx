// All commands, found by a few letters.

import { useComputed, useSignal } from "@preact/signals";
import type { TargetedKeyboardEvent } from "preact";
import { commandsOf, type Command } from "../commands";
import type { Store } from "../state";
import { Dialog } from "./dialog";
import { opened } from "./opened";

const MOST = 200;

/** Commands that have all the words of a text, those that begin with it first. */
export function matching(commands: readonly Command[], text: string): Command[] {
  const wanted = text.trim().toLowerCase();
  const words = wanted.split(/\s+/);
  const found = commands.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word)));
  const begins = ({ title }: Command) => (title.toLowerCase().startsWith(wanted) ? 0 : 1);
  return found.sort((one, other) => begins(one) - begins(other)).slice(0, MOST);
}

export function Palette({ store }: { readonly store: Store }) {
  const text = useSignal("");
  const at = useSignal(0);
  const found = useComputed(() => matching(commandsOf(store), text.value));
  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    opened.value = null;
    setTimeout(command.run); // after the focus has gone back to where it was
  };
  const keys = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const last = found.value.length - 1;
    if (event.key === "ArrowDown") at.value = Math.min(at.value + 1, last);
    else if (event.key === "ArrowUp") at.value = Math.max(at.value - 1, 0);
    else if (event.key === "Enter") run(found.value[at.value]);
    else return;
    event.preventDefault();
    document.getElementById(`command-${at.value}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <Dialog title="Commands">
      <input
        data-first
        role="combobox"
        aria-label="Find a command"
        aria-expanded="true"
        aria-controls="commands"
        aria-activedescendant={found.value.length > 0 ? `command-${at.value}` : undefined}
        placeholder="sort ink, only test, export…"
        value={text.value}
        onInput={(event) => ((text.value = event.currentTarget.value), (at.value = 0))}
        onKeyDown={keys}
      />
      <ul id="commands" role="listbox" aria-label="Commands" class="commands">
        {found.value.map((command, number) => (
          <li key={command.title} id={`command-${number}`} role="option" aria-selected={number === at.value} onClick={() => run(command)} onMouseMove={() => (at.value = number)}>
            {command.title}
            {command.key !== undefined && <kbd>{command.key.length === 1 ? command.key.toUpperCase() : command.key}</kbd>}
          </li>
        ))}
      </ul>
      {found.value.length === 0 && <p>No command has “{text.value}”.</p>}
    </Dialog>
  );
}
