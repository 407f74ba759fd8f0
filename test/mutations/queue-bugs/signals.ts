import { setImmediate as turn } from 'node:timers/promises'
import type { QueueDriver, QueueSignals } from '../../../core/ports/queue.js'
import type { Backend, Bug } from './bug.js'

const unseenByFuzzer = 'signals are hints, and it does not listen'

export const signalBugs: readonly Bug[] = [
  {
    name: 'lost wake-up: a job that is put back wakes nobody',
    claim: 'a retry and a release wake their queue',
    unseenByFuzzer,
    plant: lostWakeUp,
  },
  {
    name: 'a queue that is resumed wakes nobody',
    claim: 'when a queue is resumed and a job waited for it, wake MUST follow',
    unseenByFuzzer,
    plant: quietResume,
  },
  {
    name: 'nobody hears that the lease of a job has lapsed',
    claim: 'with supports.events, a retry, a release, a lapse and a cancellation are told',
    unseenByFuzzer,
    plant: quietLapse,
  },
  {
    name: 'who waits for a job that has ended already is not told',
    claim: 'watch MUST name each job that has ended or is unknown',
    unseenByFuzzer,
    plant: silentWatch,
  },
]

function lostWakeUp(driver: QueueDriver, backend: Backend): QueueDriver {
  return { ...wakeless(driver, backend), settle: (settlements) => during(backend, () => driver.settle(settlements)) }
}

function quietResume(driver: QueueDriver, backend: Backend): QueueDriver {
  return { ...wakeless(driver, backend), pause: (queue, paused) => during(backend, () => driver.pause(queue, paused)) }
}

function quietLapse(driver: QueueDriver): QueueDriver {
  return withSignals(driver, ({ event, ...signals }) => ({
    ...signals,
    ...(event ? { event: (each) => void (each.type === 'lapsed' || event(each)) } : {}),
  }))
}

function silentWatch(driver: QueueDriver): QueueDriver {
  return {
    ...driver,
    async listen(options) {
      const listener = await driver.listen(options)
      return { ...listener, watch: async (ids) => (await listener.watch(ids)).slice(0, 0) }
    },
  }
}

/** Wakes nobody while the backend is silent. */
function wakeless(driver: QueueDriver, backend: Backend): QueueDriver {
  return withSignals(driver, (signals) => ({
    ...signals,
    wake: (queue) => void (backend.silent || signals.wake?.(queue)),
  }))
}

async function during<T>(backend: Backend, call: () => Promise<T>): Promise<T> {
  backend.silent++
  try {
    const result = await call()
    await turn() // By then, the signals of the call have come.
    return result
  } finally {
    backend.silent--
  }
}

function withSignals(driver: QueueDriver, change: (signals: QueueSignals) => QueueSignals): QueueDriver {
  return { ...driver, listen: ({ queues, signals }) => driver.listen({ queues, signals: change(signals) }) }
}
