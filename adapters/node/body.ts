import type { Exchange } from './exchange.js'

/** A JSON body, `undefined` when it was empty, or what is wrong with it. */
export type Body = { readonly value: unknown } | { readonly problem: 'payload_too_large' | 'bad_request' }

/** Reads a JSON body of at most `limit` bytes, or takes the one that a body parser of the host has read. */
export async function readJson(exchange: Exchange, limit: number): Promise<Body> {
  const { request } = exchange
  const body = exchange.body()
  if (body !== undefined || request.readableEnded) return { value: body }
  if (Number(request.headers['content-length'] ?? 0) > limit) return { problem: 'payload_too_large' }
  const chunks: Buffer[] = []
  let size = 0
  // Kept open on return: the refusal leaves through the same socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length
    if (size > limit) return { problem: 'payload_too_large' }
    chunks.push(chunk as Buffer)
  }
  return parse(Buffer.concat(chunks).toString('utf8'))
}

function parse(text: string): Body {
  if (text === '') return { value: undefined }
  try {
    return { value: JSON.parse(text) }
  } catch {
    return { problem: 'bad_request' } // The client's mistake: the client is told.
  }
}
