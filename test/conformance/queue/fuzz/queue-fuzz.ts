import assert from 'node:assert/strict'
import type { FastCheck } from '../../fast-check.js'
import type { QueueHarness, TestFunction } from '../harness.js'
import { drain } from './drain.js'
import { type Backend, createScene, type Scene } from './scene.js'
import { stepsOf } from './steps.js'

/** What the fuzzer of queue drivers needs. */
export interface QueueFuzz {
  readonly test: TestFunction
  /** fast-check 4: `import fc from 'fast-check'`. It is passed in, so that nobody needs it who does not fuzz. */
  readonly fc: FastCheck
  /** Called once: all scenarios run on one harness, each with queues and ids of its own. */
  create(): Promise<QueueHarness>
  /** How many scenarios. @default 300 */
  readonly runs?: number
  /** Plays the scenarios of an earlier run again. @default a random one */
  readonly seed?: number
}

/**
 * Plays random scenarios on a queue driver and on a small model of the contract, side by side, and compares them after each
 * step: workers enqueue, claim, settle, extend and cancel, crash, hear no reply and try again, come back with old tokens, and
 * time passes. At the end of each scenario every job must have ended or be claimable, every successor exists once, and every
 * record is gone when its time is over.
 *
 * A failure is shrunk to a short story and tells its seed.
 *
 * It plays on `driver` and, where the harness has it, on `second()`. It is not for drivers that are `supports.inline`, whose
 * `enqueue` waits for a worker.
 *
 * @example queueFuzz({ test, fc, create: async () => ({ driver, advance, second, stop }) })
 */
export function queueFuzz({ test, fc, create, runs = 300, seed = randomSeed() }: QueueFuzz): void {
  test(`queue driver: ${runs} random scenarios go as the contract says (seed ${seed})`, async () => {
    const harness = await create()
    try {
      const second = harness.second ? [await harness.second()] : []
      const advance = (ms: number) => harness.advance(ms)
      await play(fc, { drivers: [harness.driver, ...second], advance }, { runs, seed })
    } finally {
      await harness.stop()
    }
  })
}

async function play(fc: FastCheck, backend: Backend, { runs, seed }: { runs: number; seed: number }): Promise<void> {
  const steps = fc.commands(stepsOf(fc), { maxCommands: 100, size: 'max', disableReplayLog: true })
  const property = fc.asyncProperty(steps, async (planned) => {
    const scene = createScene()
    try {
      await fc.asyncModelRun(() => ({ model: scene, real: backend }), planned)
      await drain(scene, backend)
    } catch (error) {
      throw new Error(storyOf(scene, error), { cause: error })
    }
  })
  const { failed, numRuns, numShrinks, counterexamplePath, errorInstance } = await fc.check(property, {
    seed,
    numRuns: runs,
  })
  if (!failed) return
  const story = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  const replay = `seed: ${seed}, path: "${counterexamplePath}"; queueFuzz({ seed: ${seed} }) plays it again`
  assert.fail(`Scenario ${numRuns} broke the contract (${replay}). Shrunk ${numShrinks} times:\n\n${story}`)
}

function storyOf({ story }: Scene, error: unknown): string {
  const lines = story.map((line, place) => `${String(place + 1).padStart(3)}. ${line}`)
  return `${lines.join('\n')}\n\n${error instanceof Error ? error.message : String(error)}\n`
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31)
}
