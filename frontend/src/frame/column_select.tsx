// A choice among the columns.

import type { Store } from "../state";

interface ColumnSelectProps {
  readonly store: Store;
  readonly label: string;
  readonly value: string | null;
  readonly onChoose: (name: string | null) => void;
  readonly none?: string; // the words for no column, where that is a choice
  readonly id?: string;
}

export function ColumnSelect({ store, label, value, onChoose, none, id }: ColumnSelectProps) {
  return (
    <label>
      <span>{label}</span>
      <select id={id} value={value ?? ""} onChange={(event) => onChoose(event.currentTarget.value === "" ? null : event.currentTarget.value)}>
        {none !== undefined && <option value="">{none}</option>}
        {[...store.data.columns.values()].map(({ entry }) => (
          <option key={entry.name} value={entry.name}>
            {entry.title}
          </option>
        ))}
      </select>
    </label>
  );
}
