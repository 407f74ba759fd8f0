import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../kit/eventually.js'
import type { Child } from './child.js'
import type { Figures } from './figures.js'
import { followJobs, type Jobs } from './jobs.js'
import { followMessages, type Messages } from './messages.js'
import type { Stage } from './stage.js'

/** Something bad that happens to the program while it works. */
export interface Scenario {
  readonly name: string
  /** The server itself loses what it had acknowledged. What it acknowledges afterwards, it keeps. */
  readonly loses?: boolean
  /** Resolves when the fault is over. */
  inflict(scene: Scene): Promise<void>
}

export interface Scene {
  readonly stage: Stage
  readonly jobs: Jobs
  readonly messages: Messages
  /** A worker is dead from now on, as far as others can tell: its jobs are to run again in time. */
  died(child: Child): void
}

/**
 * Lets a fault happen under load, and tells what came of it.
 *
 * @param patience How long it may take until everything works again, in milliseconds.
 */
export async function play({ inflict, loses = false }: Scenario, stage: Stage, patience = 40_000): Promise<Outcome> {
  const jobs = followJobs(stage.web, () => stage.children)
  const messages = await followMessages(
    stage.web,
    stage.nodes.map(({ port }) => port),
  )
  let death: { readonly child: Child; readonly at: number } | undefined
  const loads = [jobs.steadily(10), messages.steadily(10)]
  try {
    await eventually(() => assert.ok(jobs.recovery(0) !== undefined && messages.recovery(0) !== undefined), {
      within: patience,
    })
    await moreOf(jobs, messages)
    const died = (child: Child) => {
      death = { child, at: Date.now() }
    }
    await inflict({ stage, jobs, messages, died })
    const healedAt = Date.now()
    const end = performance.now() + patience
    const recovered = () => jobs.recovery(healedAt) !== undefined && messages.recovery(healedAt) !== undefined
    while (!recovered() && performance.now() < end) await pause(20)
    await moreOf(jobs, messages)
    await Promise.all(loads.map((load) => load.stop()))
    await jobs.settle(loses ? stage.lease + 3_000 : patience)
    await messages.settle(patience)
    return {
      jobs: jobs.figures(),
      messages: messages.figures(),
      jobsRecovery: jobs.recovery(healedAt),
      messagesRecovery: messages.recovery(healedAt),
      rerun: death && jobs.rerun(death.child, death.at),
      died: death !== undefined,
      lostLater: jobs.lostSince(healedAt),
      reports: reportsOf(stage),
    }
  } finally {
    await Promise.all(loads.map((load) => load.stop()))
    await messages.close()
  }
}

/** Lets the program work for a while, so that a fault has something to hit, and later something to show. */
async function moreOf(jobs: Jobs, messages: Messages): Promise<void> {
  const end = performance.now() + 2_000
  const enough = { jobs: jobs.acknowledged.size + some, messages: messages.acknowledged.size + some }
  const isEnough = () => jobs.acknowledged.size >= enough.jobs && messages.acknowledged.size >= enough.messages
  while (!isEnough() && performance.now() < end) await pause(10)
}

const some = 40

export interface Outcome extends Figures {
  readonly died: boolean
  /** Jobs that were sent after the fault, acknowledged, and lost. */
  readonly lostLater: number
  /** What was reported that is no failure of the backend. */
  readonly reports: readonly string[]
}

/** What every scenario has to keep. */
export function judgeOutcome({ loses = false }: Scenario, { lease }: Stage, outcome: Outcome): void {
  const { jobs, messages, jobsRecovery, messagesRecovery, rerun, died, lostLater, reports } = outcome
  const told = JSON.stringify(outcome, undefined, 2)
  assert.deepEqual(reports, [], 'failures of the program itself were reported')
  // A server that forgets that a job is completed lets it be completed again.
  if (!loses) assert.equal(jobs.settledTwice, 0, `jobs were settled twice: ${told}`)
  assert.equal(loses ? lostLater : jobs.lost, 0, `acknowledged jobs were lost: ${told}`)
  assert.ok(jobsRecovery !== undefined, `jobs did not recover: ${told}`)
  assert.ok(messagesRecovery !== undefined, `messages did not recover: ${told}`)
  if (died) assert.ok(rerun !== undefined && rerun <= lease + 5_000, `the jobs of a dead worker came too late: ${told}`)
  const { lost, doubled, disordered, closed, holes } = messages
  assert.deepEqual({ lost, closed }, { lost: 0, closed: 0 }, `messages were lost without a word: ${told}`)
  if (loses) return
  assert.deepEqual({ doubled, disordered, holes }, { doubled: 0, disordered: 0, holes: 0 }, told)
}

function reportsOf({ children }: Stage): string[] {
  const reported = children.flatMap((child) => child.ledger()).filter(({ deed }) => deed === 'reported')
  return reported.flatMap(({ subject }) => (/Type|Range|Reference|Assertion/.test(subject) ? [subject] : []))
}
