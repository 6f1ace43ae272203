// Data sets, from files beside the page or from blocks inside it. Nothing that comes in is believed: names, sizes, offsets
// and check-sums are compared before the first image is drawn.

import type { Column, ColumnEntry, Dataset, DType, FileEntry, Manifest, Numbers } from "./model";

export interface DatasetPlace {
  readonly name: string;
  readonly version: string;
  readonly manifest?: string; // address of the manifest, or
  readonly inline?: boolean; // in blocks of this page
  readonly page?: string | null; // of the data set in the catalog
}

/** What the page was made for: the block `onebit-config`. */
export interface Config {
  readonly datasets: readonly DatasetPlace[];
  readonly current: string;
  readonly leaderboard: string | null;
  readonly rows?: readonly (readonly [number, number])[]; // rows chosen in Python: from, to one past the last
}

/** Something is wrong with the data or the way to it; the message says what, and what to do. */
export class DataError extends Error {}

const KINDS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
} as const;
const LARGEST = 2 ** 31; // bytes of one file

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new DataError(what);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string => typeof value === "string";
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

export function readConfig(text: string): Config {
  const read: unknown = JSON.parse(text);
  check(isObject(read) && Array.isArray(read.datasets) && read.datasets.length > 0, "The page names no data set.");
  for (const one of read.datasets as unknown[]) {
    check(isObject(one) && isText(one.name) && isText(one.version), "The page names a data set without name or version.");
    check(one.inline === true || isText(one.manifest), `The page does not say where the manifest of ${one.name} is.`);
  }
  const link = (value: unknown) => (isText(value) && !/^\s*[a-z]+:/i.test(value.replace(/^https?:/i, "")) ? value : null);
  const config = read as unknown as Config;
  const datasets = config.datasets.map((place) => ({ ...place, page: link(place.page) }));
  return { ...config, datasets, leaderboard: link(read.leaderboard) };
}

function checkColumn(entry: unknown, manifest: Manifest): asserts entry is ColumnEntry {
  check(isObject(entry) && isText(entry.name) && isText(entry.title), "The manifest has a column without a name.");
  const { name, dtype, offset, length, scale, categories } = entry;
  check(isText(dtype) && Object.hasOwn(KINDS, dtype), `The column ${name} has the unknown type ${String(dtype)}.`);
  check(length === manifest.n, `The column ${name} has ${String(length)} rows; the data set has ${manifest.n}.`);
  const end = (offset as number) + manifest.n * KINDS[dtype as DType].BYTES_PER_ELEMENT;
  check(isCount(offset) && offset % 4 === 0 && end <= manifest.features.bytes, `The column ${name} is not inside its file.`);
  check(typeof scale === "number" && Number.isFinite(scale) && scale > 0, `The column ${name} has no scale.`);
  check(
    categories === undefined || (Array.isArray(categories) && categories.every(isText) && (dtype as string).startsWith("uint")),
    `The categories of the column ${name} are not names by number.`,
  );
}

function checkSplits(manifest: Manifest): void {
  let at = 0;
  for (const split of manifest.splits as unknown[]) {
    check(isObject(split), "The manifest has a split without a name.");
    const { name, start, stop, sha256 } = split;
    check(isText(name) && isText(sha256) && start === at && isCount(stop) && stop >= at, `The split ${name} does not follow the one before it.`);
    at = stop;
  }
  check(at === manifest.n, `The splits have ${at} rows; the data set has ${manifest.n}.`);
}

/** The manifest that a JSON text holds. */
export function readManifest(text: string): Manifest {
  const read: unknown = JSON.parse(text);
  check(isObject(read), "The manifest is no object.");
  check(read.schema === 1, `The manifest has schema ${String(read.schema)}; this page reads schema 1. Export it again with the same onebit.`);
  const manifest = read as unknown as Manifest;
  const { n, height, width, row_bytes: bytes, pixels, features } = manifest;
  check(isText(manifest.name) && isText(manifest.version), "The manifest names no data set.");
  check([n, height, width].every((size) => isCount(size)) && height > 0 && width > 0, "The manifest has no sizes.");
  check(manifest.bit_order === "big" && bytes === Math.ceil((height * width) / 8), `Rows of ${bytes} bytes do not hold ${height} by ${width} bits.`);
  check([pixels, features].every((file) => isObject(file) && isCount(file.bytes) && file.bytes <= LARGEST), "The manifest has no files.");
  check(pixels.bytes === n * bytes, `The pixels have ${pixels.bytes} bytes; ${n} rows of ${bytes} need ${n * bytes}.`);
  check(Array.isArray(manifest.splits) && Array.isArray(manifest.columns), "The manifest has no splits or no columns.");
  checkSplits(manifest);
  for (const column of manifest.columns as unknown[]) checkColumn(column, manifest);
  check(new Set(manifest.columns.map(({ name }) => name)).size === manifest.columns.length, "Two columns have one name.");
  return manifest;
}

function numbers(dtype: DType, buffer: ArrayBuffer, offset: number, length: number): Numbers {
  return new KINDS[dtype](buffer, offset, length);
}

/** Puts a data set together from its three parts. */
export function assemble(manifest: Manifest, pixels: Uint8Array, features: ArrayBuffer): Dataset {
  const columns = new Map<string, Column>();
  for (const entry of manifest.columns) {
    columns.set(entry.name, { entry, stored: numbers(entry.dtype, features, entry.offset, entry.length) });
  }
  return { manifest, pixels, columns };
}

async function checkSum(bytes: Uint8Array<ArrayBuffer>, file: FileEntry, what: string): Promise<void> {
  check(bytes.length === file.bytes, `The ${what} have ${bytes.length} bytes; the manifest says ${file.bytes}. Load the page again.`);
  if (globalThis.crypto?.subtle === undefined) return; // a page that is not from this machine and not by https
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const text = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  check(text === file.sha256, `The ${what} are not those of the manifest: SHA-256 ${text}, not ${file.sha256}. Load the page again.`);
}

export type Progress = (share: number) => void;

/** All bytes of a stream, no more than `most`. */
async function collected(stream: ReadableStream<Uint8Array>, most: number, progress?: Progress): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(most);
  let at = 0;
  const reader = stream.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    check(at + piece.value.length <= most, `The data have more than the ${most} bytes that the manifest says.`);
    bytes.set(piece.value, at);
    at += piece.value.length;
    progress?.(at / most);
  }
  return bytes.slice(0, at);
}

async function answer(address: URL): Promise<Response> {
  let found: Response;
  try {
    found = await fetch(address, { credentials: "same-origin" });
  } catch {
    const disk = address.protocol === "file:" ? " A page opened from the disk may not read other files: serve its folder (python -m http.server), or export one file (onebit explore NAME --export one.html)." : " Is the server still running?";
    throw new DataError(`${address.href} cannot be read.${disk}`);
  }
  check(found.ok && found.body !== null, `${address.href} answered ${found.status} ${found.statusText}.`);
  return found;
}

async function fromFiles(place: DatasetPlace, progress: Progress): Promise<Dataset> {
  const address = new URL(place.manifest!, document.baseURI);
  const manifest = readManifest(await (await answer(address)).text());
  const shares = [0, 0];
  const total = manifest.pixels.bytes + manifest.features.bytes;
  const [pixels, features] = await Promise.all(
    [manifest.pixels, manifest.features].map(async (file, number) => {
      const { body } = await answer(new URL(file.url, address));
      const bytes = await collected(body!, file.bytes, (share) => {
        shares[number] = (share * file.bytes) / total;
        progress(shares[0] + shares[1]);
      });
      await checkSum(bytes, file, number === 0 ? "pixels" : "features");
      return bytes;
    }),
  );
  return assemble(manifest, pixels, features.buffer);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const letters = atob(text.trim());
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}

async function block(name: string, part: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const found = document.getElementById(`onebit-data-${name}-${part}`);
  check(found !== null, `The page has no block with the ${part} of ${name}.`);
  const packed = new Blob([fromBase64(found.textContent ?? "")]);
  return collected(packed.stream().pipeThrough(new DecompressionStream("gzip")), most);
}

async function fromBlocks(place: DatasetPlace): Promise<Dataset> {
  const manifest = readManifest(new TextDecoder().decode(await block(place.name, "manifest", 2 ** 24)));
  const pixels = await block(place.name, "pixels", manifest.pixels.bytes);
  const features = await block(place.name, "features", manifest.features.bytes);
  await checkSum(pixels, manifest.pixels, "pixels");
  await checkSum(features, manifest.features, "features");
  return assemble(manifest, pixels, features.buffer);
}

/** Loads a data set, telling how much has come. */
export async function load(place: DatasetPlace, progress: Progress = () => undefined): Promise<Dataset> {
  const data = place.inline === true ? await fromBlocks(place) : await fromFiles(place, progress);
  check(data.manifest.name === place.name, `The manifest is that of ${data.manifest.name}, not of ${place.name}.`);
  return data;
}

/** The split that a row is in, and its position there. */
export function whereabouts(data: Dataset, row: number): { readonly split: string; readonly index: number } {
  const found = data.manifest.splits.find(({ start, stop }) => row >= start && row < stop)!;
  return { split: found.name, index: row - found.start };
}

/** The row of a position in a split; null where there is none. */
export function rowAt(data: Dataset, split: string, index: number): number | null {
  const found = data.manifest.splits.find(({ name }) => name === split);
  return found === undefined || index < 0 || index >= found.stop - found.start ? null : found.start + index;
}
