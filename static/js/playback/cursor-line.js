// A line through the bar under the cursor, for when bars after it are shown as well.

export class CursorLine {
  #time;
  #colour;
  #host;

  attached(host) {
    this.#host = host;
  }

  /** time: of the shown bar, or nothing. */
  set(time, colour) {
    this.#time = time;
    this.#colour = colour;
    this.#host?.requestUpdate();
  }

  paneViews() {
    return [{ zOrder: () => "top", renderer: () => ({ draw: (target) => this.#draw(target) }) }];
  }

  #draw(target) {
    const x = this.#time === undefined ? null : this.#host.chart.timeScale().timeToCoordinate(this.#time);
    if (x === null) {
      return;
    }
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.fillStyle = this.#colour;
      context.fillRect(Math.round(x), 0, 1, mediaSize.height);
    });
  }
}
