// Draws with WebGL 2: one triangle over the whole canvas, everything else is looked up in textures of whole numbers.

import type { Dataset, Renderer } from "../model";
import { pyramid, squareOf } from "./pyramid";
import { sample, shadesOf, type Samples } from "./sampling";

const VERTEX = `#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }`;

// The same sums as in cpu.ts.
const FRAGMENT = `#version 300 es
precision highp float; precision highp int; precision highp usampler2D; precision highp isampler2D;
uniform usampler2D numbers, styles; // bits or blocks of all images; number of the style by row
uniform isampler2D cells, across, down; // rows by cell; cell, place, cell, place of the two samples of a pixel
uniform sampler2D table; // colours by shade and style
uniform int shift, height, planeWidth, level, side, stride; // of bits: the image's width, bytes to a row
uniform vec4 outside;
out vec4 colour;

ivec2 at(int i) { return ivec2(i & ((1 << shift) - 1), i >> shift); }

int shade(int x, int placeX, int y, int placeY) {
  if (x < 0 || y < 0 || placeX < 0 || placeY < 0) return 0;
  int row = texelFetch(cells, at(y * planeWidth + x), 0).r;
  if (row < 0) return 0;
  int place = placeY * side + placeX;
  if (level > 0) return int(texelFetch(numbers, at(row * stride + place), 0).r);
  int byte = int(texelFetch(numbers, at(row * stride + (place >> 3)), 0).r);
  return ((byte >> (7 - (place & 7))) & 1) * 255;
}

void main() {
  ivec4 x = texelFetch(across, ivec2(int(gl_FragCoord.x), 0), 0);
  ivec4 y = texelFetch(down, ivec2(height - 1 - int(gl_FragCoord.y), 0), 0);
  colour = outside;
  if (x.x < 0 || y.x < 0) return;
  int row = texelFetch(cells, at(y.x * planeWidth + x.x), 0).r;
  if (row < 0) return;
  int sum = shade(x.x, x.y, y.x, y.y) + shade(x.z, x.w, y.x, y.y) + shade(x.x, x.y, y.z, y.w) + shade(x.z, x.w, y.z, y.w);
  int style = int(texelFetch(styles, at(row), 0).r);
  colour = texelFetch(table, ivec2((sum + 2) >> 2, style), 0);
}`;

const SAMPLERS = ["numbers", "styles", "cells", "across", "down", "table"] as const;
type Sampler = (typeof SAMPLERS)[number];
type Format = "R8UI" | "R32I" | "RGBA32I" | "RGBA8";

function program(gl: WebGL2RenderingContext): WebGLProgram {
  const made = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(`WebGL: ${gl.getProgramInfoLog(made)}`);
  return made;
}

/** Textures of numbers, and which of them the shader reads. */
class Textures {
  readonly shift: number; // of long lists, which are folded into lines of 2 ** shift numbers

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.shift = Math.min(Math.floor(Math.log2(gl.getParameter(gl.MAX_TEXTURE_SIZE) as number)), 14);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  }

  bind(sampler: Sampler, texture: WebGLTexture): void {
    this.gl.activeTexture(this.gl.TEXTURE0 + SAMPLERS.indexOf(sampler));
    this.gl.bindTexture(this.gl.TEXTURE_2D, texture);
  }

  create(sampler: Sampler): WebGLTexture {
    const { gl } = this;
    const texture = gl.createTexture();
    this.bind(sampler, texture);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    return texture;
  }

  fill(sampler: Sampler, texture: WebGLTexture, format: Format, width: number, height: number, numbers: ArrayBufferView | null): void {
    const { gl } = this;
    const [external, type] = {
      R8UI: [gl.RED_INTEGER, gl.UNSIGNED_BYTE],
      R32I: [gl.RED_INTEGER, gl.INT],
      RGBA32I: [gl.RGBA_INTEGER, gl.INT],
      RGBA8: [gl.RGBA, gl.UNSIGNED_BYTE],
    }[format];
    const largest = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
    if (width > largest || height > largest) throw new RangeError(`A texture of ${width} by ${height} is too large here.`);
    this.bind(sampler, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl[format], width, height, 0, external, type, numbers);
  }

  /** A long list of numbers, folded. */
  fillList(sampler: Sampler, texture: WebGLTexture, format: "R8UI" | "R32I", numbers: Uint8Array | Int32Array): void {
    const { gl } = this;
    const width = 2 ** this.shift;
    const full = Math.floor(numbers.length / width);
    const rest = numbers.length - full * width;
    this.fill(sampler, texture, format, width, full + 1, null);
    const type = format === "R8UI" ? gl.UNSIGNED_BYTE : gl.INT;
    if (full > 0) gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, full, gl.RED_INTEGER, type, numbers);
    if (rest > 0) gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, full, rest, 1, gl.RED_INTEGER, type, numbers, full * width);
  }
}

/** Cell and place of both samples of a pixel, side by side. */
function pairs({ cells, places }: Samples): Int32Array {
  const made = new Int32Array(2 * cells.length);
  for (let at = 0; at < cells.length; at++) {
    made[2 * at] = cells[at];
    made[2 * at + 1] = places[at];
  }
  return made;
}

/** Draws onto a canvas by WebGL 2; an error where the browser or the size of the data does not allow it. */
export function webglRenderer(canvas: HTMLCanvasElement, data: Dataset): Renderer {
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, powerPreference: "high-performance" });
  if (gl === null) throw new Error("This browser gives no WebGL 2.");
  const square = squareOf(data.manifest);
  const levels = pyramid(data);
  const textures = new Textures(gl);
  const used = program(gl);
  gl.useProgram(used);
  gl.bindVertexArray(gl.createVertexArray());
  const place = (name: string) => gl.getUniformLocation(used, name);
  const whole = (name: string) => {
    const at = place(name);
    return (value: number) => gl.uniform1i(at, value);
  };
  SAMPLERS.forEach((name, unit) => gl.uniform1i(place(name), unit));
  whole("shift")(textures.shift);
  const [height, planeWidth, level, side, stride] = ["height", "planeWidth", "level", "side", "stride"].map(whole);
  const outside = place("outside");
  const [styles, cells, across, down, table] = (["styles", "cells", "across", "down", "table"] as const).map((name) => textures.create(name));
  const numbers = new Map<number, WebGLTexture>(); // by level; 0 for the bits
  const useLevel = (wanted: number) => {
    let texture = numbers.get(wanted);
    if (texture === undefined) {
      numbers.set(wanted, (texture = textures.create("numbers")));
      textures.fillList("numbers", texture, "R8UI", wanted === 0 ? data.pixels : levels[wanted - 1].shades);
    }
    textures.bind("numbers", texture);
    const blocks = levels[wanted - 1]?.side;
    level(wanted);
    side(wanted === 0 ? data.manifest.width : blocks);
    stride(wanted === 0 ? data.manifest.row_bytes : blocks * blocks);
  };
  const plain = new Uint8Array(data.manifest.n);
  let plane = { width: 0, height: 0 };
  let styled: Uint8Array | null = null;
  let empty = true;
  return {
    name: "webgl",
    setLayout(layout) {
      plane = layout;
      empty = layout.cells.length === 0;
      textures.fillList("cells", cells, "R32I", layout.cells);
      planeWidth(layout.width);
    },
    draw(view, colours) {
      const { width, height: lines } = canvas;
      gl.viewport(0, 0, width, lines);
      gl.clearColor(colours.outside[0] / 255, colours.outside[1] / 255, colours.outside[2] / 255, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      if (empty || width === 0 || lines === 0) return;
      const sampled = sample(view, width, lines, plane, square, data.manifest, levels.length);
      const byRow = colours.byRow ?? plain;
      if (styled !== byRow) textures.fillList("styles", styles, "R8UI", (styled = byRow));
      textures.fill("across", across, "RGBA32I", width, 1, pairs(sampled.x));
      textures.fill("down", down, "RGBA32I", lines, 1, pairs(sampled.y));
      textures.fill("table", table, "RGBA8", 256, colours.styles.length, shadesOf(colours.styles, view.scale));
      useLevel(sampled.level);
      height(lines);
      gl.uniform4f(outside, colours.outside[0] / 255, colours.outside[1] / 255, colours.outside[2] / 255, 1);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    },
    dispose: () => gl.getExtension("WEBGL_lose_context")?.loseContext(),
  };
}
