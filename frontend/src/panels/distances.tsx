// Distances to the nearest image of a split, as numbers.

import type { Comparison } from "../neighbours/audit";

const QUANTILES = [["0", "Least"], ["0.01", "0.01"], ["0.5", "Median"], ["0.99", "0.99"], ["1", "Most"]] as const; // share, title

/** How many images are at most so far from their nearest. */
export const atMost = ({ histogram }: Comparison, limit: number) => histogram.slice(0, limit + 1).reduce((one, other) => one + other, 0);

interface DistanceTableProps {
  readonly of: readonly Comparison[];
  readonly to: string; // the split
  readonly limit: number; // pixels that are close
}

export function DistanceTable({ of, to, limit }: DistanceTableProps) {
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label="Distances">
      <table>
        <caption>Pixels that differ from the nearest image of {to}</caption>
        <thead>
          <tr>
            <th scope="col">Images of</th>
            {["Images", "Mean", ...QUANTILES.map(([, title]) => title), `At most ${limit}`].map((title) => (
              <th key={title} scope="col" class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {of.map((each) => (
            <tr key={each.query} data-query={each.query}>
              <th scope="row">{each.left_out ? `${each.query}, left out` : each.query}</th>
              <td class="number">{each.images.toLocaleString("en")}</td>
              <td class="number">{each.mean.toFixed(2)}</td>
              {QUANTILES.map(([share]) => (
                <td key={share} class="number">
                  {each.quantiles[share]}
                </td>
              ))}
              <td class="number">{atMost(each, limit).toLocaleString("en")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Shares of the images by distance, as the points of a line. */
export const distanceShares = ({ histogram, images }: Comparison) => histogram.map((count, distance): [number, number] => [distance, count / images]);
