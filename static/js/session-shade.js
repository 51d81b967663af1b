// Shades what is outside regular hours behind the bars of a Lightweight Charts series.

const REGULAR = 1;

export class SessionShade {
  #runs = [];
  #colour = "transparent";
  #chart;

  attached({ chart }) {
    this.#chart = chart;
  }

  /** sessions: the window's session codes, 0 pre, 1 regular, 2 post, 3 closed. */
  set(sessions, colour) {
    this.#colour = colour;
    this.#runs = [];
    for (let index = 0; index < sessions.length; index += 1) {
      if (sessions[index] === REGULAR) {
        continue;
      }
      const last = this.#runs.at(-1);
      if (last && last.to === index - 1 && sessions[last.to] === sessions[index]) {
        last.to = index;
      } else {
        this.#runs.push({ from: index, to: index });
      }
    }
  }

  get runs() {
    return this.#runs;
  }

  paneViews() {
    return [{ zOrder: () => "bottom", renderer: () => ({ draw: (target) => this.#draw(target) }) }];
  }

  #draw(target) {
    const scale = this.#chart.timeScale();
    const half = scale.options().barSpacing / 2;
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio }) => {
      context.fillStyle = this.#colour;
      for (const { from, to } of this.#runs) {
        const left = (scale.logicalToCoordinate(from) - half) * horizontalPixelRatio;
        const right = (scale.logicalToCoordinate(to) + half) * horizontalPixelRatio;
        if (right >= 0 && left <= bitmapSize.width) {
          context.fillRect(left, 0, right - left, bitmapSize.height);
        }
      }
    });
  }
}
