// The words that all parts of the explorer share: what the Python side writes, and what passes between the parts.

export interface SplitEntry {
  readonly name: string;
  readonly start: number; // first row
  readonly stop: number; // one past the last row
  readonly sha256: string;
}

export type ColumnKind = "integer" | "category" | "real" | "nats";
export type DType = "uint8" | "int8" | "uint16" | "int16" | "uint32" | "int32" | "float32";

export interface ColumnEntry {
  readonly name: string;
  readonly title: string;
  readonly kind: ColumnKind;
  readonly dtype: DType;
  readonly offset: number; // bytes into the features
  readonly length: number; // rows
  readonly min: number; // of the values shown
  readonly max: number;
  readonly unit: string; // "pixels", "nats per image", or empty
  readonly doc: string; // one line
  readonly scale: number; // a value shown is the stored number times this
  readonly categories?: readonly string[]; // of kind category: names by stored number
  readonly reference?: string; // of kind nats: whose numbers these are
}

export interface FileEntry {
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly schema: 1;
  readonly onebit: string;
  readonly name: string;
  readonly version: string;
  readonly n: number;
  readonly height: number;
  readonly width: number;
  readonly row_bytes: number;
  readonly bit_order: "big";
  readonly splits: readonly SplitEntry[];
  readonly pixels: FileEntry;
  readonly features: FileEntry;
  readonly columns: readonly ColumnEntry[];
}

export type Numbers = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array;

export interface Column {
  readonly entry: ColumnEntry;
  readonly stored: Numbers; // one number a row; NaN in float32 where a row has none
}

/** A data set in memory. Rows are numbered 0 to n - 1, those of a split one after the other. */
export interface Dataset {
  readonly manifest: Manifest;
  readonly pixels: Uint8Array; // n * row_bytes, eight pixels to a byte, the leftmost in the highest bit
  readonly columns: ReadonlyMap<string, Column>;
}

/** The images on the screen: those that the filters let pass, in the order of the sort. */
export interface Selection {
  readonly rows: Uint32Array; // in display order
  readonly mask: Uint8Array; // n numbers: 1 where a row is among them
}

/** A heading of a group of images, in cells. */
export interface Heading {
  readonly text: string;
  readonly count: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Which image lies in which cell of the plane. Cells are squares of one image; the plane is width by height cells. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly cells: Int32Array; // row of the image in cell y * width + x, or -1
  readonly headings: readonly Heading[];
  readonly axes?: { readonly x: Axis; readonly y?: Axis };
}

/** An axis of a histogram or a scatter plot: ticks in cells. */
export interface Axis {
  readonly title: string;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

/** What part of the plane is seen: cell (x, y) is at the left top corner, and an image has `scale` device pixels. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export type Colour = readonly [number, number, number];

/** How an image is drawn: its blank pixels in the colour of the paper, the others in that of the ink. */
export interface Style {
  readonly paper: Colour;
  readonly ink: Colour;
}

export interface Colours {
  readonly outside: Colour; // where no image is, and the lines between large images
  readonly styles: readonly Style[]; // at most 256
  readonly byRow?: Uint8Array; // number of the style by row; absent: the first for all
}

/** Draws a layout onto a canvas of any size. Two renderers given the same arguments draw the same pixels. */
export interface Renderer {
  readonly name: "cpu" | "webgl";
  setLayout(layout: Layout): void;
  draw(view: View, colours: Colours): void;
  dispose(): void;
}
