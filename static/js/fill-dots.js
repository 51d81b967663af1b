// Draws fills as dots at their exact prices; the library's own markers cannot be small.

const LEAST = 1.5; // radius in pixels
const MOST = 4;
const CHOSEN = 6;

export class FillDots {
  #dots = [];
  #colour = {};
  #host;

  attached(host) {
    this.#host = host;
  }

  /** dots: time, price, isChosen. */
  set(dots, colour) {
    this.#dots = dots;
    this.#colour = colour;
    this.#host?.requestUpdate();
  }

  paneViews() {
    return [{ zOrder: () => "top", renderer: () => ({ draw: (target) => this.#draw(target) }) }];
  }

  #draw(target) {
    const { chart, series } = this.#host;
    const scale = chart.timeScale();
    const radius = Math.max(LEAST, Math.min(scale.options().barSpacing * 0.4, MOST));
    target.useMediaCoordinateSpace(({ context }) => {
      for (const { time, price, isChosen } of this.#dots) {
        const [x, y] = [scale.timeToCoordinate(time), series.priceToCoordinate(price)];
        if (x === null || y === null) {
          continue;
        }
        context.beginPath();
        context.arc(x, y, isChosen ? CHOSEN : radius, 0, 2 * Math.PI);
        context.fillStyle = isChosen ? this.#colour["line-2"] : this.#colour.text;
        context.fill();
        context.lineWidth = 1;
        context.strokeStyle = this.#colour.background;
        context.stroke();
      }
    });
  }
}
