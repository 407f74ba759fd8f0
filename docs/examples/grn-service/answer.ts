import type { IncomingMessage } from 'node:http'
import { isTriportError } from 'triport'
import type { ErrorAnswer } from './api.js'
import { maxNetworkBytes, NetworkError } from './network.js'

/** One route of the service. Express, Koa and our own `node:http` host understand the same paths. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** With named segments: `/workflows/:id`. */
  readonly path: string
  handle(call: Call): Answer | Promise<Answer>
}

/** What a route gets of a request. */
export interface Call {
  readonly params: Readonly<Record<string, string>>
  /** Empty for a GET. */
  readonly body: string
}

/** What a route answers. A body that is no text is sent as JSON. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer as it is sent. */
export interface SentAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Thrown by a route to answer with an error. */
export class Refused extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** Runs a route and makes an answer of whatever comes of it. */
export async function answer(
  route: Route,
  request: IncomingMessage,
  params: Readonly<Record<string, string>>,
): Promise<SentAnswer> {
  try {
    const body = route.method === 'POST' ? await readBody(request) : ''
    return sent(await route.handle({ params, body }))
  } catch (error) {
    return sent(errorAnswer(error))
  }
}

/** The answer to a request that no route takes. */
export const notFound: SentAnswer = sent(refusal(404, { code: 'not_found', message: 'There is nothing here.' }))

function sent({ status, body, headers }: Answer): SentAnswer {
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  }
}

function errorAnswer(error: unknown): Answer {
  if (error instanceof NetworkError) {
    return refusal(400, { code: 'invalid_network', message: error.message, issues: error.issues })
  }
  if (error instanceof Refused) return refusal(error.status, { code: error.code, message: error.message })
  if (isTriportError(error, 'ERR_RESULT_EXPIRED') || isTriportError(error, 'ERR_JOB_UNKNOWN')) {
    return refusal(404, { code: 'not_found', message: 'The result of this workflow is no longer kept.' })
  }
  console.error(error)
  return refusal(500, { code: 'internal', message: 'Something went wrong.' })
}

function refusal(status: number, error: ErrorAnswer['error']): Answer {
  return { status, body: { error } satisfies ErrorAnswer }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    // Kept open on return: the refusal leaves through the same socket.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk)
      size += chunk.length
      if (size > maxNetworkBytes) break
    }
  } catch {
    throw new Refused(400, 'bad_request', 'The body broke off.')
  }
  if (size <= maxNetworkBytes) return Buffer.concat(chunks).toString('utf8')
  throw new Refused(413, 'payload_too_large', `The body is larger than ${maxNetworkBytes} bytes.`)
}
