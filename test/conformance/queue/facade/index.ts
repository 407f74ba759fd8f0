import type { QueueConformance } from '../harness.js'
import { controlClaims } from './control.js'
import { facadeClaims } from './harness.js'
import { facadeLimitClaims } from './limits.js'
import { processClaims } from './processes.js'
import { runningClaims } from './running.js'
import { facadeScheduleClaims } from './schedules.js'
import { timingClaims } from './timing.js'
import { uniqueClaims } from './unique.js'
import { workflowClaims, workflowProcessClaims } from './workflows.js'

/** Tests the core on a driver: what its users see of it. */
export function facadeConformance(options: QueueConformance): void {
  const claim = facadeClaims(options)
  for (const register of options.inline ? always : suite) register(claim)
}

const always = [runningClaims, workflowClaims, facadeScheduleClaims]

const suite = [
  ...always,
  processClaims,
  workflowProcessClaims,
  uniqueClaims,
  facadeLimitClaims,
  timingClaims,
  controlClaims,
]
