/**
 * What a client should do after a close. `reconnect`: after a jittered pause. `back-off`: after a long one.
 * `refresh`: renew its credentials, then reconnect. `stop`: connecting again would end the same way.
 */
export type AfterClose = 'stop' | 'reconnect' | 'back-off' | 'refresh'

/** The codes that a server of `triport.v1` closes with. */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  policy: 1008,
  tooLarge: 1009,
  serverError: 1011,
  restart: 1012,
  tryLater: 1013,
  badRequest: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  timeout: 4408,
  rateLimited: 4429,
  slow: 4503,
} as const

/** What a client should do after a close with `code`; 1006 and unknown codes of the 4500s and below 4000 are worth a reconnect. */
export function afterClose(code: number): AfterClose {
  const known = table[code]
  if (known !== undefined) return known
  // 4400 to 4499 blame the client, 4500 to 4599 the server.
  return code >= 4400 && code < 4500 ? 'stop' : 'reconnect'
}

/** Whether a server may send `code` in a close frame (RFC 6455, section 7.4). */
export function isCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false
  if (code >= 3000 && code <= 4999) return true
  return code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)
}

/** Cuts a reason to the 123 bytes that a close frame has room for, between characters. */
export function closeReason(reason: string): string {
  if (reason.length * 3 <= longestReason) return reason
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(longestReason))
  return reason.slice(0, read)
}

const longestReason = 123

const table: Readonly<Record<number, AfterClose>> = {
  [closeCodes.normal]: 'stop',
  [closeCodes.goingAway]: 'reconnect',
  [closeCodes.policy]: 'stop',
  [closeCodes.tooLarge]: 'stop',
  [closeCodes.serverError]: 'back-off',
  [closeCodes.restart]: 'reconnect',
  [closeCodes.tryLater]: 'back-off',
  [closeCodes.badRequest]: 'stop',
  [closeCodes.unauthenticated]: 'refresh',
  [closeCodes.forbidden]: 'stop',
  [closeCodes.timeout]: 'reconnect',
  [closeCodes.rateLimited]: 'back-off',
  [closeCodes.slow]: 'reconnect',
}
