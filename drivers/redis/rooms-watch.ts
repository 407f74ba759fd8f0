import type { CancelTimer, Clock } from '../../core/clock.js'
import { isOfLink } from './errors.js'

/** Notices that another server keeps the rooms now, or none, when the link has no need to break for it. */
export interface ServerWatch {
  /** Something may have gone wrong: look at once. */
  look(): void
  /** Something went wrong: there is no server, until a look says otherwise. */
  suspect(): void
  /** The link broke: whatever server is there afterwards, everybody has been told. */
  forget(): void
  stop(): void
}

export interface ServerWatchDeps {
  /** The id of the server, nothing of one that takes no writes. */
  ask(): Promise<string>
  /** Whether there is a server. */
  works(is: boolean): void
  readonly clock: Clock
}

export function watchServer({ ask, works, clock }: ServerWatchDeps): ServerWatch {
  let known: string | undefined
  let stopped = false
  let looking = false
  let cancel: CancelTimer = clock.after(0, run)

  async function run(): Promise<void> {
    looking = true
    const fine = await isFine()
    looking = false
    if (stopped) return
    works(fine)
    lookIn(fine ? lookEvery : lookAgain)
  }

  function lookIn(ms: number): void {
    if (looking || stopped) return
    cancel()
    cancel = clock.after(ms, run)
  }

  async function isFine(): Promise<boolean> {
    try {
      const id = await ask()
      if (known !== undefined && id !== known) works(false)
      known = id
      return id !== ''
    } catch (error) {
      // A user who may not ask, or a server that does not know: then only broken links tell.
      return !isOfLink(error)
    }
  }

  return {
    look: () => lookIn(0),
    suspect() {
      works(false)
      lookIn(lookAgain)
    },
    forget() {
      known = undefined
    },
    stop() {
      stopped = true
      cancel()
    },
  }
}

const lookEvery = 5_000
const lookAgain = 250
