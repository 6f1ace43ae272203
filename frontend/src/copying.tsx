// Copying to the clipboard, saving files, and saying that it was done.

import { signal } from "@preact/signals";

/** What was done last, for the status line; screen readers say it. */
export const said = signal("");

/** Puts a text on the clipboard; where a browser refuses, says so. */
export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    said.value = `Copied ${what}.`;
  } catch {
    said.value = copiedOldWay(text) ? `Copied ${what}.` : `The browser does not let the page copy ${what}.`;
  }
}

function copiedOldWay(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  const inside = document.querySelector("dialog[open]") ?? document.body;
  inside.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
  }
}

/** Saves bytes or a text as a file. */
export function save(content: BlobPart, name: string, type: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  said.value = `Saved ${name}.`;
}

interface CopyProps {
  readonly text: () => string;
  readonly what: string; // "the link"
  readonly children: string;
}

export function CopyButton({ text, what, children }: CopyProps) {
  return (
    <button type="button" onClick={() => void copy(text(), what)}>
      {children}
    </button>
  );
}
