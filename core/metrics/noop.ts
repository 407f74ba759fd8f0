import type { Meter } from '../ports/meter.js'

/** Takes nothing. */
export const noopMeter: Meter = {
  enabled: false,
  counter: () => ({ add() {} }),
  histogram: () => ({ record() {} }),
  observe: () => () => {},
}
