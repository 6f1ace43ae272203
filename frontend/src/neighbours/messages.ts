// What passes between the page and the worker that searches.

import type { Manifest } from "../model";
import type { Audit, Comparison } from "./audit";
import type { PermutationTest } from "../drift";

export interface Begin {
  readonly kind: "begin";
  readonly manifest: Manifest;
  readonly pixels: Uint8Array;
  readonly engine?: "javascript";
}
export interface Near {
  readonly kind: "near";
  readonly query: Uint8Array;
  readonly count: number;
  readonly shift: number; // pixels that the query may move
  readonly allowed?: Uint8Array; // rows that may be among the answers: n numbers, 1 or 0
}
/** Images from elsewhere, each compared with the reference split. */
export interface Compare {
  readonly kind: "compare";
  readonly name: string;
  readonly images: Uint8Array; // packed like the data set's
}
export interface Audits {
  readonly kind: "audit";
}
export interface Permute {
  readonly kind: "permute";
  readonly first: Uint32Array; // rows
  readonly second: Uint32Array;
  readonly permutations: number;
  readonly seed: number;
}
export interface Project {
  readonly kind: "project";
}

export type Task = Near | Compare | Audits | Permute | Project;
export type Asked = (Begin | Task | { readonly kind: "cancel" }) & { readonly id: number };

export interface Neighbours {
  readonly rows: Uint32Array;
  readonly distances: Uint16Array;
  readonly milliseconds: number;
}
export interface Compared {
  readonly comparison: Comparison;
  readonly rows: Int32Array; // the nearest row of each image
  readonly distances: Int32Array;
}
/** Two numbers for each image, along the two directions in which the images differ most. */
export interface Projection {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly explained: readonly [number, number]; // shares of the variance
}

export interface Answers {
  readonly begin: { readonly engine: "wasm" | "javascript" };
  readonly near: Neighbours;
  readonly compare: Compared;
  readonly audit: Audit;
  readonly permute: PermutationTest;
  readonly project: Projection;
}

export type Said =
  | { readonly id: number; readonly kind: "done"; readonly answer: unknown }
  | { readonly id: number; readonly kind: "progress"; readonly share: number }
  | { readonly id: number; readonly kind: "failed"; readonly message: string; readonly cancelled: boolean };
