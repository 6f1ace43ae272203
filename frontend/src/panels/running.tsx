// A task of the worker on the page: begun, watched, stopped.

import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Cancelled } from "../neighbours/audit";
import { neighboursOf, type Running } from "../neighbours/client";
import type { Answers, Task } from "../neighbours/messages";
import type { Store } from "../state";

export interface Job<Answer> {
  readonly answer: Signal<Answer | null>;
  readonly share: Signal<number | null>; // null: nothing runs
  readonly failure: Signal<string>;
  readonly seconds: Signal<number>;
  start(task: Task): void;
  stop(): void;
}

/** A task of the panel's own. Leaving the panel stops it. */
export function useJob<Kind extends Task["kind"]>(store: Store, kept?: Signal<Answers[Kind] | null>): Job<Answers[Kind]> {
  const own = useSignal<Answers[Kind] | null>(null);
  const answer = kept ?? own;
  const [share, failure, seconds, running] = [useSignal<number | null>(null), useSignal(""), useSignal(0), useSignal<Running<unknown> | null>(null)];
  const stop = () => running.peek()?.cancel();
  useEffect(() => stop, [store]);
  const start = (task: Task) => {
    stop();
    const began = performance.now();
    failure.value = "";
    share.value = 0;
    const asked = neighboursOf(store.data).ask<Kind>(task, (part) => running.peek() === asked && (share.value = part));
    running.value = asked;
    asked.answer.then(
      (found) => {
        if (running.peek() !== asked) return;
        seconds.value = (performance.now() - began) / 1000;
        performance.measure(`onebit ${task.kind}`, { start: began });
        answer.value = found;
        share.value = null;
      },
      (error: unknown) => {
        if (running.peek() !== asked) return;
        share.value = null;
        if (!(error instanceof Cancelled)) failure.value = error instanceof Error ? error.message : String(error);
      },
    );
  };
  return { answer, share, failure, seconds, start, stop };
}

/** How far a task is, and the button that stops it. */
export function Progress({ job, what }: { readonly job: Job<unknown>; readonly what: string }) {
  if (job.failure.value !== "") return <p role="alert">{job.failure.value}</p>;
  if (job.share.value === null) return null;
  return (
    <div class="running" role="status">
      <progress aria-label={what} value={job.share.value} max={1} />
      <span>{(100 * job.share.value).toFixed(0)} %</span>
      <button type="button" onClick={job.stop}>
        Stop
      </button>
    </div>
  );
}
