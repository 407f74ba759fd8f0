import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Received, readExportRequest } from './otlp.js'

/** One export, as it came. */
export interface Export {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Takes OTLP over HTTP, in protobuf. */
export interface Receiver extends AsyncDisposable {
  readonly endpoint: string
  readonly exports: readonly Export[]
  /** What is answered from now on; `'hang'` never answers. @default 200 */
  answer: number | 'hang'
  received(): Received[]
  close(): Promise<void>
}

export async function startReceiver(): Promise<Receiver> {
  const exports: Export[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      exports.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts) })
      if (receiver.answer !== 'hang') response.writeHead(receiver.answer).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  async function close(): Promise<void> {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  const receiver: Receiver = {
    endpoint: `http://127.0.0.1:${port}`,
    exports,
    answer: 200,
    received: () => exports.flatMap(({ path, body }) => (path.endsWith('/v1/metrics') ? [] : readExportRequest(body))),
    close,
    [Symbol.asyncDispose]: close,
  }
  return receiver
}
