import type { Contender } from './bench-queue.js'
import { bareQueue } from './controls/memory.js'
import { fastq } from './peers/fastq.js'
import { peerVersions } from './peers.js'
import { type QueueLoad, queueWorkloads } from './queue-workloads.js'
import type { Suite } from './suite.js'
import { triportQueue } from './triport-queue.js'

const concurrency = 100

export const memory = { queue: { driver: 'memory', keepFinished: 1_000_000 }, concurrency } as const

/** The queue on the memory driver. `share` of the full size is for a quick look. */
export async function queueSuite(share: number): Promise<Suite> {
  const size = (full: number) => Math.max(100, Math.round(full * share))
  const load: QueueLoad = {
    enqueue: size(20_000),
    bulk: size(50_000),
    drain: size(100_000),
    pickup: size(2_000),
    roundtrip: size(20_000),
    enqueuesInFlight: 100,
    roundtripsInFlight: 100,
    peace: 0,
  }
  const bareFastq = await fastq(concurrency)
  const contenders: Record<string, Contender> = {
    triport: { open: (_, run) => triportQueue({ ...memory, run }) },
    control: { open: async (_, run) => bareQueue(run, concurrency) },
    ...(bareFastq
      ? { fastq: { uses: ['roundtrip'], open: async (_, run = () => undefined) => bareFastq(run) } satisfies Contender }
      : {}),
  }
  return {
    workloads: queueWorkloads({ driver: 'memory', load, contenders, pickupUnit: 'us' }),
    versions: peerVersions(['fastq']),
  }
}
