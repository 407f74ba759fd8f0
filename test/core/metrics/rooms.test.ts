import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAggregator } from '../../../core/metrics/aggregator.js'
import { observe } from '../../../core/metrics/observed.js'
import { prometheusText } from '../../../core/metrics/prometheus.js'
import { createRoomMeasures } from '../../../core/metrics/room-measures.js'
import { createFakeClock } from '../../kit/clock.js'
import { startNode } from '../rooms/node.js'
import { parseExposition, valueIn } from './exposition.js'

test('a broadcast counts once and says how many it was for, under the kind of its room and never under its name', async () => {
  const meter = createAggregator(() => {})
  const node = await startNode({ measures: createRoomMeasures(meter) })
  await node.joined({ rooms: ['workflow:secret-42'] })
  await node.joined({ rooms: ['workflow:secret-42'] })
  await node.rooms.broadcastToRoom('workflow:secret-42', { type: 'NOTIFICATION', data: {} })
  await node.rooms.broadcastToRoom('workflow:secret-7', { type: 'NOTIFICATION', data: {} })
  await node.rooms.broadcastToRoom('lobby', { type: 'NOTIFICATION', data: {} })
  const text = prometheusText(await meter.collect(), {})
  const families = parseExposition(text)
  const kind = { messaging_destination_template: 'workflow:{id}' }
  assert.equal(valueIn(families, 'messaging_client_sent_messages_total', kind), 2)
  assert.equal(valueIn(families, 'triport_ws_broadcast_recipients_sum', kind), 2)
  assert.equal(valueIn(families, 'triport_ws_broadcast_recipients_bucket', { ...kind, le: '0' }), 1)
  assert.equal(
    valueIn(families, 'messaging_client_sent_messages_total', { messaging_destination_template: '{room}' }),
    1,
  )
  assert.doesNotMatch(text, /secret|lobby/)
  await node.stop()
})

test('what rooms know anyway is read: connections, drops by their reason, slow readers that were closed, bytes that wait', async () => {
  const meter = createAggregator(() => {})
  observe(meter, {
    clock: createFakeClock(),
    report: () => {},
    queue: () => undefined,
    queues: ['default'],
    worker: () => undefined,
    rooms: () => ({
      ...{ connections: 3, backlog: 1_024, received: { total: 5 }, delivered: { total: 7 } },
      ...{ dropped: 11, coalesced: 13, lost: 17, evicted: 19 },
    }),
  })
  const families = parseExposition(prometheusText(await meter.collect(), {}))
  const read = families.flatMap(({ samples }) => samples).map(({ name, labels, value }) => [name, labels, value])
  assert.deepEqual(read.slice(1), [
    ['triport_ws_connections', {}, 3],
    ['triport_ws_received_messages_total', {}, 5],
    ['triport_ws_delivered_messages_total', {}, 7],
    ['triport_ws_dropped_messages_total', { triport_ws_drop_reason: 'slow' }, 11],
    ['triport_ws_dropped_messages_total', { triport_ws_drop_reason: 'replaced' }, 13],
    ['triport_ws_dropped_messages_total', { triport_ws_drop_reason: 'overload' }, 17],
    ['triport_ws_evicted_connections_total', {}, 19],
    ['triport_ws_backlog_bytes', {}, 1_024],
  ])
})
