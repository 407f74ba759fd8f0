import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { privatePostgres } from '../services/postgres.js'
import type { BenchQueue, Contender, Run, Use } from './bench-queue.js'
import { barePostgres } from './controls/postgres.js'
import { type GraphileWorker, graphileWorker } from './peers/graphile-worker.js'
import { pgBoss } from './peers/pg-boss.js'
import { peer, peerVersions } from './peers.js'
import { type QueueLoad, queueWorkloads } from './queue-workloads.js'
import { relayOf } from './relay.js'
import type { Suite } from './suite.js'
import { triportQueue } from './triport-queue.js'

/** Of triport's worker. The peers have 2,000 jobs in hand while they drain. */
const concurrencyOf = (use: Use) => (use === 'drain' ? 1_000 : 200)

/** As durable as by default, but with room for the tables in its memory. */
const settings = ['shared_buffers=512MB']

/** Queue and rooms on one private PostgreSQL, in a new database for each run. */
export async function postgresSuite(share: number): Promise<Suite> {
  const service = await privatePostgres(settings)
  if (service.url === undefined) throw new Error(service.missing)
  const admin = new Client({ connectionString: service.url })
  await admin.connect()
  const url = Object.assign(new URL(service.url), { pathname: '/bench' }).href
  const graphile = await peer<GraphileWorker>('graphile-worker')

  const onEmpty = (open: (use: Use, run?: Run) => Promise<BenchQueue>, uses?: readonly Use[]): Contender => ({
    ...(uses ? { uses } : {}),
    async open(use, run) {
      await empty(admin)
      await admin.query('checkpoint')
      return open(use, run)
    },
  })
  const contenders: Record<string, Contender> = {
    triport: onEmpty((use, run) => {
      return triportQueue({ queue: { driver: 'postgres', url }, concurrency: concurrencyOf(use), run })
    }),
    'pg-boss': onEmpty((use, run) => pgBoss(url, use, run)),
    'pg-boss fetch': onEmpty((use, run) => pgBoss(url, use, run, 'fetch'), ['drain']),
    ...(graphile
      ? {
          'graphile-worker': onEmpty(
            (use, run) => graphileWorker(graphile, url, use, run),
            ['enqueue', 'bulk', 'drain', 'pickup'],
          ),
        }
      : {}),
    control: onEmpty((_, run) => barePostgres(url, run)),
  }
  const relay = await relayOf({
    driver: 'postgres',
    share,
    subjects: [{ name: 'triport', rooms: { driver: 'postgres', url } }],
    reset: () => empty(admin),
  })
  return {
    workloads: [
      ...queueWorkloads({ driver: 'postgres', load: loadOf(share), contenders, bars }),
      ...queueWorkloads({
        driver: 'embedded',
        load: embeddedLoadOf(share),
        contenders: { triport: { open: (use, run) => embeddedQueue(use, run) } },
        uses: ['enqueue', 'drain', 'pickup'],
      }),
      ...relay.workloads,
    ],
    versions: {
      postgres: await versionOf(admin),
      ...peerVersions(['pg', 'pg-boss', 'graphile-worker', '@electric-sql/pglite']),
    },
    async close() {
      relay.close()
      await admin.end()
      await service.stop()
    },
  }
}

/** Replaces the database when the last connections of the run before are closed, which pools do not wait for. */
async function empty(admin: Client): Promise<void> {
  for (let patience = 100; patience > 0; patience--) {
    const { rowCount } = await admin.query(`select from pg_stat_activity where datname = 'bench'`)
    if (rowCount === 0) break
    await sleep(20)
  }
  await admin.query('drop database if exists bench with (force)')
  await admin.query('create database bench')
}

/** What triport is to reach: so many times as good as each peer. */
const bars = {
  enqueue: { 'pg-boss': 10 },
  bulk: { 'pg-boss': 0.95 },
  drain: { 'pg-boss': 0.95, 'pg-boss fetch': 0.95 },
  pickup: { 'graphile-worker': 1 },
  roundtrip: { 'pg-boss': 10 },
}

function loadOf(share: number): QueueLoad {
  const size = (full: number) => Math.max(100, Math.round(full * share))
  return {
    enqueue: size(5_000),
    bulk: size(100_000),
    drain: size(50_000),
    pickup: size(500),
    roundtrip: size(5_000),
    enqueuesInFlight: 100,
    roundtripsInFlight: 50,
    peace: 5,
  }
}

function embeddedLoadOf(share: number): QueueLoad {
  const size = (full: number) => Math.max(100, Math.round(full * share))
  return { ...loadOf(share), enqueue: size(2_000), drain: size(5_000), pickup: size(200) }
}

/** On PGlite in this process, in a new directory each time. */
async function embeddedQueue(use: Use, run: Run | undefined): Promise<BenchQueue> {
  const dataDir = mkdtempSync(join(tmpdir(), 'triport-bench-'))
  const queue = await triportQueue({ queue: { driver: 'postgres', dataDir }, concurrency: concurrencyOf(use), run })
  return {
    ...queue,
    async close() {
      await queue.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function versionOf(admin: Client): Promise<string> {
  const { rows } = await admin.query('show server_version')
  return rows[0].server_version
}
