// Marks where bars are missing: a tick at the foot of the pane, and a dashed line where there is room.

const ROOMY = 4; // pixels a bar from which lines do not cover what they stand between
const TICK = 8;

export class GapMarks {
  #chart;
  #places = [];
  #colour = "transparent";

  attached({ chart }) {
    this.#chart = chart;
  }

  /** places: how many of the chart's bars come before each gap. */
  set(places, colour) {
    this.#places = places;
    this.#colour = colour;
  }

  get count() {
    return this.#places.length;
  }

  paneViews() {
    return [{ zOrder: () => "bottom", renderer: () => ({ draw: (target) => this.#draw(target) }) }];
  }

  #draw(target) {
    const scale = this.#chart.timeScale();
    const half = scale.options().barSpacing / 2;
    target.useBitmapCoordinateSpace((space) => {
      const { context, bitmapSize, horizontalPixelRatio: ratio } = space;
      const height = TICK * space.verticalPixelRatio;
      context.strokeStyle = this.#colour;
      context.fillStyle = this.#colour;
      context.lineWidth = Math.max(1, Math.floor(ratio));
      context.setLineDash([4 * ratio, 4 * ratio]);
      for (const place of this.#places) {
        const x = Math.round((scale.logicalToCoordinate(place) - half) * ratio) + 0.5;
        if (x < 0 || x > bitmapSize.width) {
          continue;
        }
        context.fillRect(x - ratio, bitmapSize.height - height, 2 * ratio, height);
        if (half * 2 >= ROOMY) {
          context.beginPath();
          context.moveTo(x, 0);
          context.lineTo(x, bitmapSize.height);
          context.stroke();
        }
      }
    });
  }
}
