// A Lightweight Charts time scale that counts its days as the bars are told: see Clock.

import { defaultHorzScaleBehavior } from "lightweight-charts";

/** A time scale whose ticks and labels follow the wall clock, or the dates of longer bars. */
export class ZonedScale extends defaultHorzScaleBehavior() {
  clock;
  interval;
  dayStarts = [];

  #toWall(item) {
    return this.convertHorzItemToInternal(this.clock.wall(this.key(item), this.interval));
  }

  fillWeightsForPoints(points, startIndex) {
    // The weights (minute, hour, day, month) are judged on shadows of the points in wall time.
    const shadows = points.map((point) => ({ ...point, time: this.#toWall(point.time) }));
    super.fillWeightsForPoints(shadows, startIndex);
    this.dayStarts = [];
    points.forEach((point, index) => {
      point.timeWeight = shadows[index].timeWeight;
      if (point.timeWeight >= 50) {
        this.dayStarts.push(this.key(point.time)); // 50: the library's weight of a day
      }
    });
  }

  formatHorzItem(item) {
    return super.formatHorzItem(this.#toWall(item));
  }

  formatTickmark(mark, localization) {
    return super.formatTickmark({ ...mark, time: this.#toWall(mark.time) }, localization);
  }
}
