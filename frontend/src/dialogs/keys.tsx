// All keys.

import { useComputed } from "@preact/signals";
import { commandsOf } from "../commands";
import { PART_KEYS, singleKeys, chooseSingleKeys } from "../keyboard";
import type { Store } from "../state";
import { Dialog } from "./dialog";

function keyText(key: string): string {
  return key.length === 1 ? key.toUpperCase() : key;
}

export function Keys({ store }: { readonly store: Store }) {
  const commands = useComputed(() => commandsOf(store).filter(({ key }) => key !== undefined));
  return (
    <Dialog title="Keys" wide>
      <div class="scroll" tabIndex={0} role="region" aria-label="List of keys">
        <div class="key-lists">
          <table>
            <caption>Anywhere</caption>
            <tbody>
              {commands.value.map(({ title, key }) => (
                <tr key={title}>
                  <td>
                    <kbd>{keyText(key!)}</kbd>
                  </td>
                  <th scope="row">{title}</th>
                </tr>
              ))}
            </tbody>
          </table>
          <div>
            {PART_KEYS.map(({ part, keys }) => (
              <table key={part}>
                <caption>{part}</caption>
                <tbody>
                  {keys.map(([key, title]) => (
                    <tr key={key}>
                      <td>
                        <kbd>{key}</kbd>
                      </td>
                      <th scope="row">{title}</th>
                    </tr>
                  ))}
                </tbody>
              </table>
            ))}
          </div>
        </div>
      </div>
      <label class="check">
        <input type="checkbox" checked={singleKeys.value} onChange={(event) => chooseSingleKeys(event.currentTarget.checked)} />
        <span>Keys of a single letter act (Ctrl-K always does)</span>
      </label>
    </Dialog>
  );
}
