import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Figures, tableOf } from './figures.js'
import { judgeOutcome, play, type Scenario } from './scenario.js'
import { openStage, type Stage, type StageOptions } from './stage.js'

/** Scenarios that are played one after the other on one server. */
export interface Act {
  /** Says what is special about the server. */
  readonly name: string
  readonly scenarios: readonly Scenario[]
  /** Starts the server. */
  open(): Promise<Setting>
}

/** What an act is played on. */
export interface Setting extends StageOptions {
  /** Ends the server. */
  close(): Promise<void>
}

/** Whether the faults are played whole, instead of a slice. */
export const long = process.env.TRIPORT_LONG !== undefined

/** What is played of these scenarios: all of a long run, else the slice. `TRIPORT_FAULT=<part of a name>` chooses in both. */
export function played(scenarios: readonly Scenario[], slice: RegExp): readonly Scenario[] {
  const wanted = process.env.TRIPORT_FAULT ?? ''
  return scenarios.filter(({ name }) => (long || slice.test(name)) && name.includes(wanted))
}

const rows = new Map<string, Figures>()

/** Makes a test of each scenario, and one of what the program leaves behind. `TRIPORT_FAULTS_TABLE=1` prints what came of them. */
export function faultTests({ name, scenarios, open }: Act, skip: string | false): void {
  let set: Setting | undefined
  let stage: Stage | undefined

  async function close(): Promise<void> {
    const [closing, opened] = [stage, set]
    stage = set = undefined
    try {
      await closing?.stop()
    } finally {
      await opened?.close()
    }
  }

  after(close)

  for (const scenario of scenarios) {
    test(`${name}: ${scenario.name}`, { skip }, async () => {
      set ??= await open()
      stage ??= await openStage(set)
      try {
        const outcome = await play(scenario, stage)
        rows.set(scenario.name, outcome)
        judgeOutcome(scenario, stage, outcome)
      } catch (error) {
        await close().catch(() => {}) // The next scenario begins with another stage. Why this one failed is told.
        throw error
      }
    })
  }

  test(`${name}: in the end all processes end by themselves, and no link is left`, { skip }, async () => {
    const links = Object.values(stage?.links ?? {})
    await close()
    assert.deepEqual(
      links.map((link) => link.links),
      links.map(() => 0),
    )
  })
}

/** Prints the table of all scenarios when the tests of this file have ended. */
export function printTable(): void {
  after(() => {
    if (process.env.TRIPORT_FAULTS_TABLE) console.log(`\n${tableOf(rows)}\n`)
  })
}
