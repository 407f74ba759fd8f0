import type { Run } from '../bench-queue.js'

export interface Claimed {
  readonly id: string
  readonly number: number
}

export interface Ended {
  readonly id: string
  readonly result: unknown
}

/** Claims, runs and acknowledges: each call carries what ended during the one before. */
export interface BareWorker {
  wake(): void
  stop(): Promise<void>
}

export function bareWorker(
  run: Run,
  largest: number,
  claim: (ended: readonly Ended[], max: number) => Promise<readonly Claimed[]>,
): BareWorker {
  let ended: Ended[] = []
  let running = 0
  let hungry = true
  let busy: Promise<void> | undefined
  let stopped = false

  async function work(): Promise<void> {
    while (!stopped && (ended.length > 0 || (hungry && running < largest))) {
      const [carried, max] = [ended, hungry ? largest - running : 0]
      ended = []
      hungry = false
      const claimed = await claim(carried, max)
      if (claimed.length > 0 && claimed.length === max) hungry = true
      for (const job of claimed) void execute(job)
    }
    busy = undefined
  }

  async function execute({ id, number }: Claimed): Promise<void> {
    running++
    const result = await run(number)
    running--
    ended.push({ id, result })
    kick()
  }

  function kick(): void {
    busy ??= Promise.resolve().then(work)
  }

  return {
    wake() {
      hungry = true
      kick()
    },
    async stop() {
      stopped = true
      await busy
    },
  }
}
