import assert from 'node:assert/strict'
import { say, type WireClaim } from './harness.js'
import { inRoom, type WireClient, welcomeOf } from './wire-client.js'

export function operationClaims(claim: WireClaim): void {
  claim('a ping is answered in both spellings, with what it carried', async ({ open }) => {
    const client = await open()
    client.send({ op: 'ping', ts: 7, ref: 'r' })
    client.send('{"type":"PING"}')
    const pong = await client.heard('PONG', ({ ref }) => ref === 'r')
    assert.deepEqual(pong, { type: 'PONG', ts: 7, ref: 'r' })
    await client.heard('PONG', ({ ref }) => ref === undefined)
  })

  claim('rooms are subscribed to and left, as many as one likes over one socket', async ({ open, fresh }) => {
    const [a, b] = [fresh(), fresh()]
    const client = await open()
    client.send({ op: 'subscribe', ref: 'a', room: a.room })
    client.send({ type: 'SUBSCRIBE', ref: 'b', room: b.room, unknown: 'ignored' })
    await Promise.all(['a', 'b'].map((ref) => client.heard('SUBSCRIBED', (frame) => frame.ref === ref)))
    await say(client, a.room, 'in a')
    await say(client, b.room, 'in b')
    client.send({ op: 'unsubscribe', ref: 'left', room: a.room })
    await client.heard('UNSUBSCRIBED', ({ ref }) => ref === 'left')
    const speaker = await open(a.path)
    await speaker.heard('SUBSCRIBED')
    await say(speaker, a.room, 'after')
    await client.settled()
    assert.deepEqual(inRoom(client.frames, a.room), ['SUBSCRIBED', 'in a', 'UNSUBSCRIBED'])
    assert.deepEqual(inRoom(client.frames, b.room), ['SUBSCRIBED', 'in b'])
  })

  claim('subscribing again confirms and repeats nothing', async ({ open, fresh }) => {
    const { room, path } = fresh()
    const client = await open(path)
    await client.heard('SUBSCRIBED')
    await say(client, room, 'one')
    client.send({ op: 'subscribe', ref: 'again', room })
    await client.heard('SUBSCRIBED', ({ ref }) => ref === 'again')
    assert.deepEqual(inRoom(await client.settled(), room), ['SUBSCRIBED', 'one', 'SUBSCRIBED'])
  })

  claim('resume brings what each room missed, and says where something is missing', async ({ open, fresh }) => {
    const [whole, gone, trimmed] = [fresh(), fresh(), fresh()]
    const speaker = await open()
    const positions: Record<string, { epoch: unknown; seq: number }> = {}
    for (const { room } of [whole, gone, trimmed]) {
      speaker.send({ op: 'subscribe', ref: room, room })
      const { epoch } = await speaker.heard('SUBSCRIBED', ({ ref }) => ref === room)
      positions[room] = { epoch, seq: 0 }
    }
    positions[gone.room] = { epoch: 'gone', seq: 1 }
    for (const text of ['1', '2']) for (const { room } of [whole, gone]) await say(speaker, room, `${text} ${room}`)
    // Servers may keep more than they are asked to: what 300 messages are is the protocol's.
    const client = await open()
    client.send({ op: 'resume', ref: 'r', rooms: positions })
    await client.heard('ACK', ({ ref }) => ref === 'r')
    assert.deepEqual(inRoom(client.frames, whole.room), [`1 ${whole.room}`, `2 ${whole.room}`, 'SUBSCRIBED'])
    assert.deepEqual(inRoom(client.frames, gone.room), ['RESET', `2 ${gone.room}`, 'SUBSCRIBED'])
    const recovered = client.frames
      .filter(({ type }) => type === 'SUBSCRIBED')
      .map((frame) => [frame.room, frame.recovered])
    assert.deepEqual(
      new Map(recovered as [string, boolean][]),
      new Map([
        [whole.room, true],
        [gone.room, false],
        [trimmed.room, true],
      ]),
    )
    const reset = client.frames.find(({ type }) => type === 'RESET')
    assert.deepEqual([reset?.reason, reset?.seq], ['epoch', 2])
  })

  claim(
    'a position may be used as often as one likes, and a socket that is lost loses nothing',
    async ({ open, fresh }) => {
      const { room, path } = fresh()
      const speaker = await open(path)
      await speaker.heard('SUBSCRIBED')
      const first = await open(path)
      const since = await first.heard('SUBSCRIBED')
      first.close()
      await first.closed
      for (const text of ['1', '2', '3']) await say(speaker, room, text)
      for (let round = 0; round < 3; round++) {
        const client = await open()
        client.send({ op: 'subscribe', room, since: { epoch: since.epoch, seq: since.seq } })
        const subscribed = await client.heard('SUBSCRIBED')
        assert.deepEqual([inRoom(client.frames, room), subscribed.recovered], [['1', '2', '3', 'SUBSCRIBED'], true])
      }
    },
  )

  claim(
    'what is not allowed or makes no sense is answered with a code, and the socket stays',
    async ({ open, fresh }) => {
      const { room } = fresh()
      const client = await open()
      for (const [op, code] of [
        [{ op: 'subscribe', room: 'secret:1' }, 'forbidden'],
        [{ op: 'subscribe', room: '@all' }, 'room_invalid'],
        [{ op: 'unsubscribe', room }, 'not_subscribed'],
        [{ op: 'publish', room, type: 'SAID', data: null }, 'not_subscribed'],
        [{ op: 'publish', room: 'secret:1', type: 'SAID', data: null }, 'forbidden'],
        [{ op: 'teleport' }, 'unknown_op'],
      ] as const) {
        const ref = JSON.stringify(op).slice(0, 60)
        client.send({ ...op, ref })
        const error = await client.heard('ERROR', (frame) => frame.ref === ref)
        assert.deepEqual([error.code, error.retryable, error.id], [code, false, undefined], ref)
        assert.equal(typeof error.message, 'string')
      }
      await client.settled()
    },
  )

  claim('a token is taken over the open socket; one that is not accepted ends it with 4401', async ({ open }) => {
    const client = await open()
    client.send({ op: 'auth', ref: '1', token: 'good' })
    await client.heard('ACK', ({ ref }) => ref === '1')
    client.send({ op: 'auth', ref: '2', token: 'bad' })
    assert.equal((await client.heard('ERROR', ({ ref }) => ref === '2')).code, 'unauthenticated')
    assert.equal((await client.closed).code, 4401)
  })

  claim('in a room with presence one hears who is there, who comes and who goes', async ({ open, fresh }) => {
    const { room, path } = fresh('present')
    const client = await open(path)
    const subscribed = await client.heard('SUBSCRIBED')
    const { connection } = await welcomeOf(client)
    const { count, members } = subscribed.presence as { count: number; members: { id: string }[] }
    assert.deepEqual([count, members.map(({ id }) => id)], [1, [connection]])
    const other = await open(path)
    const { connection: id } = await welcomeOf(other)
    await client.heard('PRESENCE', (frame) => (frame.join as { id: string }[]).some((member) => member.id === id))
    other.close()
    const left = await client.heard('PRESENCE', (frame) => (frame.leave as unknown[]).includes(id))
    assert.equal(left.room, room)
  })

  claim('malformed texts are answered, and the third ends the socket with 4400', async ({ open }) => {
    const client = await open()
    for (const text of ['', '{', '[]']) client.send(text)
    assert.equal((await client.closed).code, 4400)
    const codes = client.frames.flatMap(({ type, code }) => (type === 'ERROR' ? [code] : []))
    assert.deepEqual(codes, ['bad_request', 'bad_request', 'bad_request'])
  })

  claim('nothing that a client sends disturbs another', async ({ open, fresh }) => {
    const { room, path } = fresh()
    const witness = await open(path)
    await witness.heard('SUBSCRIBED')
    await Promise.allSettled(hostile.map(async (text) => hurl(await open(path), text)))
    await say(witness, room, 'still here')
    await witness.heard('SAID')
  })

  claim('a text over maxPayload ends the socket with 1009, a binary one with 1003', async ({ open }) => {
    const [large, binary] = [await open(), await open()]
    const { limits } = await welcomeOf(large)
    large.send('x'.repeat(limits.maxPayload + 1))
    assert.equal((await large.closed).code, 1009)
    binary.send(new Blob(['binary']))
    assert.equal((await binary.closed).code, 1003)
  })

  claim('a flood is answered with rate_limited, then ended with 4429', async ({ open }) => {
    const client = await open()
    const { limits } = await welcomeOf(client)
    for (let n = 0; n < limits.rate * 10; n++) client.send({ op: 'ping' })
    const error = await client.heard('ERROR')
    assert.deepEqual([error.code, error.retryable], ['rate_limited', true])
    assert.ok(Number(error.retryAfter) > 0)
    assert.equal((await client.closed).code, 4429)
  })
}

/** Sends a text and waits for what the server makes of it. */
async function hurl(client: WireClient, text: string): Promise<void> {
  client.send(text)
  await Promise.race([client.settled(), client.closed])
}

const hostile = [
  'null',
  '7',
  '"op"',
  '{}',
  '{"op":{}}',
  '{"op":"__proto__"}',
  '{"op":"subscribe"}',
  '{"op":"subscribe","room":{}}',
  '{"op":"subscribe","room":"wire:1","since":{"epoch":1,"seq":-1}}',
  '{"op":"subscribe","room":"wire:1","types":[1]}',
  '{"op":"resume","rooms":[]}',
  '{"op":"resume","rooms":{"a b":{"epoch":"e","seq":1}}}',
  '{"op":"publish","room":"wire:1","type":"WELCOME","data":1}',
  '{"op":"publish","room":"wire:1","type":"","data":1}',
  '{"op":"auth"}',
  '{"__proto__":{"op":"ping"}}',
  `{"type":"X","data":${'['.repeat(1_000)}${']'.repeat(1_000)}}`,
  '\u0000',
]
