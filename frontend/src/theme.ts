// Light or dark: as the system has it, or as the reader chose for this browser. The polarity of the images is another thing.

import { computed, effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const THEMES: readonly Theme[] = ["system", "light", "dark"];
const KEY = "onebit-theme";

/** What the browser keeps for this page; null where it keeps nothing (a sandboxed frame, say). */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Private windows and sandboxed frames keep nothing; the page works without.
  }
}

export const theme = signal<Theme>(THEMES.find((one) => one === remembered(KEY)) ?? "system");

const system = signal(false);
/** Whether the page is dark now. */
export const dark = computed(() => theme.value === "dark" || (theme.value === "system" && system.value));

/** Follows the system and the choice from now on. */
export function followTheme(): void {
  const query = matchMedia("(prefers-color-scheme: dark)");
  system.value = query.matches;
  query.addEventListener("change", () => (system.value = query.matches));
  effect(() => {
    const { dataset } = document.documentElement;
    if (theme.value === "system") delete dataset.theme;
    else dataset.theme = theme.value;
  });
}

export function chooseTheme(choice: Theme): void {
  theme.value = choice;
  remember(KEY, choice);
}

export function otherTheme(): void {
  chooseTheme(dark.value ? "light" : "dark");
}
