// When work is done: what is seen first comes first.

/** Acts as soon as the next picture of the screen has been drawn, at once where nothing is drawn; gives what calls it off. */
export function afterFrame(act: () => void): () => void {
  if (typeof requestAnimationFrame !== "function") return (act(), () => undefined);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frame = requestAnimationFrame(() => (timer = setTimeout(act)));
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
