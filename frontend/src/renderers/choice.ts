// Which renderer draws: WebGL where a graphics card does the work, else the processor, which is faster than imitated WebGL.

import type { Dataset, Renderer } from "../model";
import { cpuRenderer } from "./cpu";
import { webglRenderer } from "./webgl";

export type RendererName = Renderer["name"];

const IMITATED = /SwiftShader|llvmpipe|softpipe|Basic Render|Software/i;

/** What `?renderer=cpu` or `?renderer=webgl` asks for; null where nothing is asked for. */
export function forced(query: string): RendererName | null {
  const wanted = new URLSearchParams(query).get("renderer");
  return wanted === "cpu" || wanted === "webgl" ? wanted : null;
}

/** Whether the name that a driver gives itself is that of a graphics card. */
export function isHardware(name: string): boolean {
  return name !== "" && !IMITATED.test(name);
}

function driver(): string {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (gl === null) return "";
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(info === null ? gl.RENDERER : info.UNMASKED_RENDERER_WEBGL));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return name;
}

export function choose(query: string): RendererName {
  return forced(query) ?? (isHardware(driver()) ? "webgl" : "cpu");
}

/** A renderer on a canvas that nothing has been drawn on yet. Where WebGL does not work out, null: take the other. */
export function create(name: RendererName, canvas: HTMLCanvasElement, data: Dataset): Renderer | null {
  if (name === "cpu") return cpuRenderer(canvas, data);
  try {
    return webglRenderer(canvas, data);
  } catch {
    return null;
  }
}
