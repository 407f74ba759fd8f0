import { once } from 'node:events'
import type { Told } from './verdict.js'

/** A browser in a room: it stays, and remembers what it hears and when. */
export interface Listener {
  readonly told: readonly Told[]
  /** The code with which it was closed, when it was not by itself. */
  readonly closed: number | undefined
  close(): Promise<void>
}

/**
 * Joins a room. Resolves when it is in.
 *
 * @param replay How many of the newest messages it wants to hear.
 */
export async function startListener(port: number, room: string, replay = 0): Promise<Listener> {
  const query = replay > 0 ? `?replay=${replay}` : ''
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/${room.replaceAll(':', '/')}${query}`)
  const told: Told[] = []
  const ended = once(socket, 'close')
  let closed: number | undefined
  let leaving = false
  socket.addEventListener('close', ({ code }) => {
    if (!leaving) closed = code
  })
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(String(data)) as Omit<Told, 'at'>
      told.push({ ...frame, at: Date.now() })
      if (frame.type === 'SUBSCRIBED') resolve()
    })
    socket.addEventListener('error', () => reject(new Error(`A listener cannot join ${room}.`)))
    socket.addEventListener('close', () => reject(new Error(`A listener that joined ${room} was closed.`)))
  })
  return {
    told,
    get closed() {
      return closed
    },
    async close() {
      leaving = true
      socket.close()
      await ended
    },
  }
}
