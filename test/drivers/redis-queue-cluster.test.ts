import { after, test } from 'node:test'
import { queueConformance } from '../conformance/queue/index.js'
import { redisCluster } from '../services/redis-cluster.js'
import { redisHarness } from './redis-harness.js'

const { TRIPORT_LONG } = process.env
const cluster = await redisCluster()
after(() => cluster.stop())

/** What the normal run leaves out takes seconds of waiting, and is the core's. */
const always = /^queue driver/

queueConformance({
  test: (name, run) => {
    if (!TRIPORT_LONG && !always.test(name)) return
    test(`redis cluster: ${name}`, { skip: cluster.missing }, run)
  },
  create: () => redisHarness({ cluster: { nodes: cluster.nodes ?? [] } }),
})
