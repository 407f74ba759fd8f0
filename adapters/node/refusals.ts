/** Why something was not done, in the words of the protocol. */
export type RefusalCode =
  | 'bad_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'payload_too_large'
  | 'rate_limited'
  | 'internal'
  | 'timeout'
  | 'unavailable'

/** One refusal, as an HTTP answer and as the end of a WebSocket. */
export interface Refusal {
  readonly code: RefusalCode
  readonly message: string
  readonly status: number
  /** WebSocket close code. */
  readonly close: number
  readonly headers?: Readonly<Record<string, string>>
}

const table: Readonly<Record<RefusalCode, Omit<Refusal, 'code'>>> = {
  bad_request: { status: 400, close: 4400, message: 'The request is malformed.' },
  unauthenticated: { status: 401, close: 4401, message: 'Authentication is required.' },
  forbidden: { status: 403, close: 4403, message: 'This is not allowed.' },
  not_found: { status: 404, close: 4404, message: 'There is nothing here.' },
  method_not_allowed: { status: 405, close: 4400, message: 'This method is not allowed here.' },
  payload_too_large: {
    status: 413,
    close: 1009,
    message: 'The request body is too large.',
    headers: { connection: 'close' },
  },
  rate_limited: {
    status: 429,
    close: 4429,
    message: 'There are too many connections.',
    headers: { 'retry-after': '5' },
  },
  internal: { status: 500, close: 1011, message: 'Something went wrong.' },
  timeout: { status: 503, close: 4408, message: 'Authentication took too long.', headers: { 'retry-after': '1' } },
  unavailable: { status: 503, close: 1013, message: 'The service is not ready.', headers: { 'retry-after': '1' } },
}

/** The refusal of this code, with a message or headers of its own where given. */
export function refusal(code: RefusalCode, more: Partial<Pick<Refusal, 'message' | 'headers'>> = {}): Refusal {
  return { code, ...table[code], ...more }
}

/** The body of an answer that refuses. */
export function refusalBody({ code, message }: Refusal): {
  readonly error: { readonly code: string; readonly message: string }
} {
  return { error: { code, message } }
}
