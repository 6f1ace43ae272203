// The page's side of the worker: tasks as promises, with progress, and a way to stop them.

import source from "worker:./worker.ts";
import type { Dataset } from "../model";
import { Cancelled } from "./audit";
import type { Answers, Asked, Said, Task } from "./messages";

export interface Running<Answer> {
  readonly answer: Promise<Answer>;
  cancel(): void;
}

interface Waiting {
  resolve(answer: never): void;
  reject(error: Error): void;
  progress(share: number): void;
}

/** A worker with the images of a data set. It is started once for each, when something is asked for first. */
export class Neighbours {
  readonly engine: Promise<"wasm" | "javascript">;
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor({ manifest, pixels }: Dataset, engine?: "javascript") {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.worker = new Worker(address);
    this.worker.addEventListener("message", (event: MessageEvent<Said>) => this.hear(event.data));
    this.worker.addEventListener("error", (event) => this.fail(new Error(event.message || "The worker could not be started.")));
    const begun = this.post<"begin">({ kind: "begin", manifest, pixels, ...(engine === undefined ? {} : { engine }), id: ++this.last });
    this.engine = begun.answer.then((answer) => answer.engine);
    this.engine.catch(() => undefined).finally(() => URL.revokeObjectURL(address));
  }

  ask<Kind extends Task["kind"]>(task: Task, progress: (share: number) => void = () => undefined): Running<Answers[Kind]> {
    return this.post<Kind>({ ...task, id: ++this.last } as Asked, progress);
  }

  close(): void {
    this.worker.terminate();
    this.fail(new Cancelled());
  }

  private post<Kind extends keyof Answers>(asked: Asked, progress: (share: number) => void = () => undefined): Running<Answers[Kind]> {
    const answer = new Promise<Answers[Kind]>((resolve, reject) => this.waiting.set(asked.id, { resolve, reject, progress }));
    this.worker.postMessage(asked);
    return { answer, cancel: () => this.worker.postMessage({ kind: "cancel", id: asked.id } satisfies Asked) };
  }

  private hear(said: Said): void {
    const waiting = this.waiting.get(said.id);
    if (waiting === undefined) return;
    if (said.kind === "progress") return waiting.progress(said.share);
    this.waiting.delete(said.id);
    if (said.kind === "done") waiting.resolve(said.answer as never);
    else waiting.reject(said.cancelled ? new Cancelled() : new Error(said.message));
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

const started = new WeakMap<Dataset, Neighbours>();

/** The worker of a data set. */
export function neighboursOf(data: Dataset): Neighbours {
  let found = started.get(data);
  if (found === undefined) started.set(data, (found = new Neighbours(data)));
  return found;
}
