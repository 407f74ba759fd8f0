import type { QueueConformance } from '../harness.js'
import { controlClaims } from './control.js'
import { facadeClaims } from './harness.js'
import { processClaims } from './processes.js'
import { runningClaims } from './running.js'
import { timingClaims } from './timing.js'

/** Tests the core on a driver: what its users see of it. */
export function facadeConformance(options: QueueConformance): void {
  const claim = facadeClaims(options)
  for (const register of options.inline ? always : [...always, processClaims, timingClaims, controlClaims])
    register(claim)
}

const always = [runningClaims]
