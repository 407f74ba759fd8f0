import { openClient, type WireClient } from './wire-client.js'

/**
 * What the wire suite needs: the address of a server of `triport.v1`, such as `ws://localhost:3000/ws`, with these house rules.
 *
 * - Everybody may join rooms whose names begin with `wire:` or `present:` and publish there, nobody any other.
 * - A message `{ type, data: { text, keep } }` that a client publishes is broadcast in its room as it is. The newest `keep` messages are kept for
 *   a minute; with `keep` 0 it is not kept.
 * - Rooms that begin with `present:` have presence.
 * - The operation `auth` accepts the token `good` and no other.
 */
export interface WireSuite {
  /** Registers a test: `test` of node:test, or of any runner that takes a name and a function. */
  test(name: string, run: () => Promise<void>): unknown
  readonly url: string | (() => string | Promise<string>)
}

/** The server, as a claim sees it. */
export interface Wire {
  /** Connects. `path` is what comes after the suite's address: `/wire/1?replay=3`. */
  open(path?: string, protocols?: readonly string[]): Promise<WireClient>
  /** The name of a room that nobody has used: the last part of its address. */
  fresh(kind?: 'wire' | 'present'): { readonly room: string; readonly path: string }
}

export type WireClaim = (name: string, check: (wire: Wire) => Promise<void>) => void

export function wireClaims({ test, url }: WireSuite): WireClaim {
  return (name, check) =>
    void test(`triport.v1: ${name}`, async () => {
      const clients: WireClient[] = []
      const address = typeof url === 'string' ? url : await url()
      try {
        await check({
          async open(path = '', protocols) {
            const client = await openClient(address + path, protocols)
            clients.push(client)
            return client
          },
          fresh(kind = 'wire') {
            const id = crypto.randomUUID()
            return { room: `${kind}:${id}`, path: `/${kind}/${id}` }
          },
        })
      } finally {
        for (const client of clients) client.close()
      }
    })
}

/** Says something in a room and waits until the server has it. */
export async function say(client: WireClient, room: string, text: string, keep = 100): Promise<void> {
  client.send({ op: 'publish', ref: text, room, type: 'SAID', data: { text, keep } })
  await client.heard('ACK', ({ ref }) => ref === text)
}
