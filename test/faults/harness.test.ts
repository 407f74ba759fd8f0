import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { QueueDriver } from '../../core/ports/queue.js'
import type { RoomsDriver } from '../../core/ports/rooms.js'
import { startChild } from './child.js'
import type { Orders } from './orders.js'
import { type RemoteMemory, startRemoteMemory } from './remote/server.js'
import { judgeOutcome, play, type Scenario } from './scenario.js'
import { openStage, type Stage } from './stage.js'

// The scenarios are tested on the memory drivers behind a socket, into which bugs are planted.

let bug: 'none' | 'forgets jobs' | 'settles twice' | 'forgets messages' = 'none'
let server: RemoteMemory
let stage: Stage

before(async () => {
  server = await startRemoteMemory({ queue: buggyQueue, rooms: buggyRooms })
  stage = await openStage({ server, lease: 1_000, backend })
})

after(async () => {
  await stage.stop()
  await server.stop()
})

const restart: Scenario = {
  name: 'restart',
  async inflict() {
    await server.kill()
    await server.restart()
  },
}

test('a sound backend passes', async () => {
  const outcome = await play(restart, stage)
  judgeOutcome(restart, stage, outcome)
  assert.ok(outcome.jobs.acknowledged > 0 && outcome.messages.acknowledged > 0)
})

test('a backend that forgets jobs does not', () => fails('forgets jobs', /acknowledged jobs were lost/))
test('nor one that lets a job be settled twice', () => fails('settles twice', /settled twice/))
test('nor one that forgets messages', () => fails('forgets messages', /messages were lost without a word/))

test('a process that leaves something open is noticed', async () => {
  await assert.rejects(stopped({ leaves: 'timer' }), /did not end by itself.*Timeout/s)
})

test('a rejection that nobody handles is noticed', async () => {
  await assert.rejects(stopped({ leaves: 'rejection' }), /Nobody hears of it/)
})

async function fails(planted: typeof bug, why: RegExp): Promise<void> {
  bug = planted
  try {
    const scenario: Scenario = { name: planted, inflict: async () => {} }
    const outcome = await play(scenario, stage, 2_000)
    assert.throws(() => judgeOutcome(scenario, stage, outcome), why)
  } finally {
    bug = 'none'
  }
}

async function stopped(orders: Partial<Orders>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'triport-faults-'))
  try {
    const child = await startChild({ ledger: join(folder, '1'), ...backend(server.url), ...orders }, 1_000)
    await child.stop()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function backend(url: string) {
  return { queue: { driver: 'remote', url }, rooms: { driver: 'remote', url } }
}

function buggyQueue(driver: QueueDriver): QueueDriver {
  let calls = 0
  let again: Awaited<ReturnType<QueueDriver['claim']>>['jobs'] = []
  return {
    ...driver,
    async enqueue(jobs, options) {
      if (bug === 'forgets jobs' && ++calls % 5 === 0) return jobs.map(({ id }) => ({ id, deduplicated: false }))
      return await driver.enqueue(jobs, options)
    },
    async claim(request) {
      const reply = await driver.claim(request)
      if (bug !== 'settles twice') return reply
      const jobs = [...again, ...reply.jobs]
      again = reply.jobs
      return { ...reply, jobs, settled: reply.settled.map(() => 'settled') }
    },
    async settle(settlements) {
      const replies = await driver.settle(settlements)
      return bug === 'settles twice' ? replies.map(() => 'settled') : replies
    },
  }
}

function buggyRooms(driver: RoomsDriver): RoomsDriver {
  let calls = 0
  return {
    ...driver,
    async publish(messages, options) {
      if (bug === 'forgets messages' && ++calls % 5 === 0) return messages.map(() => ({ epoch: 'lost', seq: 1 }))
      return await driver.publish(messages, options)
    },
  }
}
