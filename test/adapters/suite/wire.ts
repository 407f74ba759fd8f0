import { after, it } from 'node:test'
import { defineRoom } from '../../../core/rooms/room-type.js'
import { triportWire } from '../../conformance/wire/triport-wire.js'
import type { TestHost } from '../hosts/host.js'
import { closed, serve } from '../serve.js'

/** The house rules of the wire suite, on a host. */
export function wireSuite(host: TestHost): void {
  let serving: ReturnType<typeof open> | undefined
  const ends: (() => Promise<void>)[] = []
  after(async () => {
    for (const end of ends) await end()
  })

  async function open(): Promise<string> {
    const { runtime, server, ws } = await serve({ after: (end) => void ends.push(end) }, host, {
      roomTypes: [defineRoom({ pattern: 'present:{id}', presence: true })],
      http: {
        auth: {
          authenticate: ({ headers: { authorization } }) =>
            authorization === undefined || authorization === 'Bearer good' ? 'somebody' : undefined,
          authorize: (_who, _action, { room = '' }) => /^(wire|present):/.test(room),
        },
      },
    })
    ends.push(() => closed(server))
    runtime.rooms.on('*', async ({ room, type, data }) => {
      const { keep } = data as { keep: number }
      await runtime.rooms.broadcastToRoom(
        room,
        { type, data },
        { history: keep > 0 ? { count: keep, ttl: '1m' } : 'none' },
      )
    })
    return ws
  }

  triportWire({
    test: it,
    url() {
      serving ??= open()
      return serving
    },
  })
}
