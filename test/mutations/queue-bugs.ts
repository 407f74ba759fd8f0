import type { Bug } from './queue-bugs/bug.js'
import { claimBugs } from './queue-bugs/claims.js'
import { limitBugs } from './queue-bugs/limits.js'
import { lockBugs } from './queue-bugs/locks.js'
import { recordBugs } from './queue-bugs/records.js'
import { scheduleBugs } from './queue-bugs/schedules.js'
import { signalBugs } from './queue-bugs/signals.js'

/** In the order of docs/contributing.md. */
export const queueBugs: readonly Bug[] = [
  ...claimBugs,
  ...limitBugs,
  ...lockBugs,
  ...recordBugs,
  ...signalBugs,
  ...scheduleBugs,
]
