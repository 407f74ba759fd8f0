import type { Isolate, Isolator, ResourceLimits } from '../ports/isolator.js'
import { createDeadlines, type Deadline } from '../queue/deadlines.js'
import { createHostRun, type HostRun, type HostRunDeps, type IsolatedWork } from './host-run.js'
import type { ToHost } from './messages.js'

/** Runs tasks apart from this thread. */
export interface Isolates {
  /** @throws the reason of the context's signal when that is aborted; `ERR_VALUE_UNSUPPORTED` for an input that cannot be carried. */
  run(work: IsolatedWork): IsolatedRun
  /** Ends everything that runs or waits here, and resolves when nothing of it is left. */
  close(): Promise<void>
}

/** Code that runs apart. */
export interface IsolatedRun {
  /** What the task returns or rejects with; rejects with `ERR_THREAD_EXITED` when it ended before. */
  readonly result: Promise<unknown>
  /** Ends it, whatever it does. `result` rejects when nothing of it runs any more. @returns False when that was asked before. */
  terminate(): boolean
}

export interface IsolatesDeps extends Pick<HostRunDeps, 'clock' | 'tracer' | 'queue' | 'tasks' | 'report'> {
  readonly isolator: Isolator
}

/** How long an isolate waits for its next run, in milliseconds. */
const keepIdle = 30_000

/** An isolate: it serves one run after the other, all of one module. */
interface Place extends Deadline {
  readonly key: string
  readonly isolate: Isolate
  at: number
  run: HostRun | undefined
  terminated: boolean
}

export function createIsolates(deps: IsolatesDeps): Isolates {
  const { isolator, clock } = deps
  const places = new Set<Place>()
  const deadlines = createDeadlines(clock)
  let runs = 0
  let whenEmpty: (() => void) | undefined

  function open(key: string, limits: ResourceLimits): Place {
    const isolate = isolator.open(limits, {
      message: (message) => place.run?.receive(message as ToHost),
      exited: (cause) => exited(place, cause),
    })
    const place: Place = { key, isolate, at: 0, run: undefined, terminated: false, due: () => terminate(place) }
    places.add(place)
    return place
  }

  function exited(place: Place, cause: unknown): void {
    places.delete(place)
    deadlines.delete(place)
    place.run?.exited(cause)
    if (places.size === 0) whenEmpty?.()
  }

  function rest(place: Place): void {
    place.run = undefined
    place.isolate.hold(false)
    if (place.terminated) return
    place.at = clock.monotonic() + keepIdle
    deadlines.add(place)
  }

  function take(key: string): Place | undefined {
    for (const place of places) {
      if (place.key !== key || place.run || place.terminated) continue
      deadlines.delete(place)
      return place
    }
    return undefined
  }

  function terminate(place: Place): boolean {
    if (place.terminated) return false
    place.terminated = true
    deadlines.delete(place)
    place.isolate.terminate()
    return true
  }

  return {
    run(work) {
      const { module, limits } = work.isolation
      work.ctx.signal.throwIfAborted()
      const run = createHostRun({
        ...deps,
        number: ++runs,
        work,
        post: (message) => place.isolate.post(message),
        returned(usable) {
          if (!usable) terminate(place)
          rest(place)
        },
        broken: () => void terminate(place),
      })
      const key = JSON.stringify([module, limits])
      const place = take(key) ?? open(key, limits)
      place.run = run
      place.isolate.hold(true)
      run.begin()
      return { result: run.result, terminate: () => place.run === run && terminate(place) }
    },
    async close() {
      const empty = new Promise<void>((resolve) => {
        whenEmpty = resolve
      })
      for (const place of places) {
        place.isolate.hold(true) // Else a process that does nothing but stop would end before its isolates have.
        terminate(place)
      }
      if (places.size > 0) await empty
      deadlines.close()
    },
  }
}
