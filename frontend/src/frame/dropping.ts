// Files that are dropped beside the place for them: the browser would open them in the place of the page, and all would be lost.

const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes("Files") ?? false;

function refuse(event: DragEvent): void {
  if (event.defaultPrevented || !hasFiles(event)) return; // somebody takes it
  event.preventDefault();
  if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "none";
}

/** From now on such files are refused; gives the function that ends it. */
export function refuseStrayFiles(): () => void {
  document.addEventListener("dragover", refuse);
  document.addEventListener("drop", refuse);
  return () => {
    document.removeEventListener("dragover", refuse);
    document.removeEventListener("drop", refuse);
  };
}
