import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addressed,
  createStamps,
  idOf,
  Outbound,
  placed,
  unaddressed,
  writeEnvelope,
} from '../../../core/rooms/envelope.js'
import {
  createCollaborationUpdateMessage,
  createErrorMessage,
  createNetworkUpdateMessage,
  createNotificationMessage,
  createPingMessage,
  createPongMessage,
  createWorkflowUpdateMessage,
  messageTypes,
  retentionOf,
} from '../../../core/rooms/messages.js'

test('the constructors make messages of the standard types, with the keys of the wire format', () => {
  assert.deepEqual(createWorkflowUpdateMessage('w', 'running', 50, { step: 1 }), {
    type: 'WORKFLOW_UPDATE',
    data: { workflow_id: 'w', status: 'running', progress: 50, data: { step: 1 } },
  })
  assert.deepEqual(createNetworkUpdateMessage('n', 'created').data, { network_id: 'n', status: 'created', data: {} })
  assert.deepEqual(createCollaborationUpdateMessage('doc', 'u', 'edit').data, {
    resource_id: 'doc',
    user_id: 'u',
    action: 'edit',
    data: {},
  })
  assert.deepEqual(createNotificationMessage('info', 'Done', 'All of it').data, {
    level: 'info',
    title: 'Done',
    message: 'All of it',
    data: {},
  })
  const types = [createErrorMessage('X', 'Broken'), createPingMessage(), createPongMessage()].map(({ type }) => type)
  assert.deepEqual(types, [messageTypes.error, messageTypes.ping, messageTypes.pong])
})

test('the constructors refuse what makes no sense', () => {
  const refused = [
    () => createWorkflowUpdateMessage('', 'running', 1),
    () => createWorkflowUpdateMessage('w', '', 1),
    () => createWorkflowUpdateMessage('w', 'running', -1),
    () => createWorkflowUpdateMessage('w', 'running', 100.5),
    () => createWorkflowUpdateMessage('w', 'running', Number.NaN),
    () => createNetworkUpdateMessage('', 'x'),
    () => createCollaborationUpdateMessage('doc', '', 'edit'),
    () => createNotificationMessage('loud' as never, 'x'),
    () => createNotificationMessage('info', ''),
    () => createErrorMessage('', 'x'),
  ]
  for (const create of refused) assert.throws(create, { code: 'ERR_MESSAGE_INVALID' })
})

test('the standard types keep a history that suits them', () => {
  assert.deepEqual(retentionOf('WORKFLOW_UPDATE', undefined), { count: 100, ttl: 3_600_000 })
  assert.deepEqual(retentionOf('NETWORK_UPDATE', undefined), { count: 100, ttl: 3_600_000 })
  assert.deepEqual(retentionOf('NOTIFICATION', undefined), { count: 100, ttl: 86_400_000 })
  for (const type of ['COLLABORATION_UPDATE', 'ERROR', 'PING', 'PONG', 'MINE']) {
    assert.equal(retentionOf(type, undefined), 'none')
  }
  assert.equal(retentionOf('WORKFLOW_UPDATE', 'none'), 'none')
})

const time = '1970-01-01T00:00:00.000Z'

test('what time it is, is written as a Date writes it', () => {
  const moments = [0, 7, 999, 1_000, 1_795_470_000_123.9, 1_795_470_000_124, 1_795_469_999_999]
  let now = 0
  const stamp = createStamps({ now: () => now })
  for (now of moments) assert.equal(stamp(), new Date(now).toISOString())
})

test('the position is spliced in, whatever the data', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), fc.string(), (data, seq, id) => {
      const head = { id, room: 'r', time, traceparent: 't' }
      const text = writeEnvelope({ type: 'X', data }, head, 1_000_000)
      const expected = { type: 'X', id, room: 'r', ts: time, data, traceparent: 't' }
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(expected)))
      const { seq: at, epoch, ...rest } = JSON.parse(placed(text, { seq, epoch: 'e' }))
      assert.deepEqual({ at, epoch, rest }, { at: seq, epoch: 'e', rest: JSON.parse(text) })
      assert.deepEqual([idOf(text), new Outbound(text).type], [id, 'X'])
      assert.deepEqual(unaddressed(addressed('node.1', text)), { connection: 'node.1', text })
    }),
  )
})

test('dates and absent properties are carried as JSON does', () => {
  const data = { at: new Date(0), nothing: undefined, list: [null] }
  const text = writeEnvelope({ type: 'X', data }, { id: 'i', time }, 1_000)
  assert.deepEqual(JSON.parse(text).data, { at: '1970-01-01T00:00:00.000Z', list: [null] })
  assert.equal(JSON.parse(writeEnvelope({ type: 'X', data: undefined }, { id: 'i', time }, 1_000)).data, null)
})

test('the error about unfit data says where it is', () => {
  const write = () => writeEnvelope({ type: 'X', data: { list: [{ fn: () => 1 }] } }, { id: 'i', time }, 1_000)
  assert.throws(write, { code: 'ERR_MESSAGE_INVALID', message: /a function at \.list\[0\]\.fn/ })
})
