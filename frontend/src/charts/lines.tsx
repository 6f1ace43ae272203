// Several lines over one axis, told apart without colour; the numbers are in tables beside it.

export interface Line {
  readonly title: string;
  readonly points: readonly (readonly [number, number])[]; // x ascending
}

const STYLES = ["solid", "dashed", "dotted", "long", "mixed"] as const; // see finding.css
const [WIDTH, HEIGHT] = [400, 170]; // about as large as it is shown, so that its letters are too

export const styleOf = (number: number) => STYLES[number % STYLES.length];

/** Round numbers from low to high, some six of them. */
export function ticksOf(low: number, high: number): number[] {
  const span = high - low || 1;
  const power = 10 ** Math.floor(Math.log10(span / 5));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => span / each <= 7) ?? span;
  const ticks: number[] = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) ticks.push(Number(tick.toPrecision(12)));
  return ticks;
}

interface LinesProps {
  readonly lines: readonly Line[];
  readonly label: string;
  readonly axis: string;
  readonly at?: { readonly x: number; readonly text: string }; // a mark
  readonly band?: { readonly from: number; readonly to: number }; // of y
  readonly yAxis?: boolean; // numbers at the left
}

export function Lines({ lines, label, axis, at, band, yAxis = false }: LinesProps) {
  const all = lines.flatMap(({ points }) => points);
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)];
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const bottom = yAxis ? Math.min(...ys, band?.from ?? Infinity) : 0;
  const top = Math.max(...ys, band?.to ?? -Infinity);
  const x = (value: number) => ((value - low) / (high - low || 1)) * WIDTH;
  const y = (value: number) => HEIGHT - ((value - bottom) / (top - bottom || 1)) * HEIGHT;
  const path = (points: Line["points"]) => points.map(([one, other], number) => `${number === 0 ? "M" : "L"}${x(one).toFixed(1)} ${y(other).toFixed(1)}`).join("");
  return (
    <figure class="lines">
      <svg viewBox={`${yAxis ? -44 : -8} -14 ${WIDTH + (yAxis ? 56 : 20)} ${HEIGHT + 50}`} role="img" aria-label={label}>
        {band !== undefined && <rect class="band" x={0} width={WIDTH} y={y(band.to)} height={Math.max(y(band.from) - y(band.to), 1)} />}
        {lines.map(({ title, points }, number) => (
          <path key={title} class={`curve ${styleOf(number)}`} d={path(points)} />
        ))}
        {at !== undefined && (
          <>
            <path class="mark" d={`M${x(at.x).toFixed(1)} 0V${HEIGHT}`} />
            <text x={x(at.x) + 5} y={2}>
              {at.text}
            </text>
          </>
        )}
        <path class="axis" d={`M0 ${HEIGHT}H${WIDTH}`} />
        {ticksOf(low, high).map((tick) => (
          <text key={tick} class="tick" x={x(tick)} y={HEIGHT + 16}>
            {tick.toLocaleString("en")}
          </text>
        ))}
        {yAxis &&
          ticksOf(bottom, top).map((tick) => (
            <text key={tick} class="side-tick" x={-6} y={y(tick) + 4}>
              {tick.toLocaleString("en")}
            </text>
          ))}
        <text class="tick" x={WIDTH / 2} y={HEIGHT + 33}>
          {axis}
        </text>
      </svg>
      {lines.length > 1 && (
        <figcaption>
          <ul class="legend">
            {lines.map(({ title }, number) => (
              <li key={title}>
                <svg viewBox="0 0 36 8" width={36} height={8} aria-hidden="true">
                  <path class={`curve ${styleOf(number)}`} d="M0 4H36" />
                </svg>{" "}
                {title}
              </li>
            ))}
          </ul>
        </figcaption>
      )}
    </figure>
  );
}
