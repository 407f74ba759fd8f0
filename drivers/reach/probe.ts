import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** A server, and how to ask whether it is there. */
export interface Place {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** What a server of this kind answers at once, whoever says it. */
  readonly greeting: string | Uint8Array
}

/**
 * Says hello to a server. One that takes the connection and says nothing is not there either.
 *
 * @param patience Milliseconds to wait for an answer.
 * @returns Why it cannot be reached, to complete "it is set but …"; `undefined` when it answers, whatever it says.
 */
export function probe({ host, port, tls, greeting }: Place, patience: number): Promise<string | undefined> {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return new Promise((resolve) => {
    // Whether its certificate is good is for the driver to say.
    const socket = tls ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port })
    const timer = setTimeout(() => end(`${place} has not answered within ${patience} ms`), patience)
    socket.once(tls ? 'secureConnect' : 'connect', () => socket.write(greeting))
    socket.once('data', () => end(undefined))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(`nothing answers at ${place} (${error.code ?? 'no code'})`),
    )
    socket.once('close', () => end(`${place} has closed the connection without a word`))

    function end(why: string | undefined): void {
      clearTimeout(timer)
      socket.destroy()
      resolve(why)
    }
  })
}
