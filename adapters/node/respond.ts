import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Refusal, refusalBody } from './refusals.js'

/** Answers with JSON. Nothing that we answer may be cached. */
export function respond(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body)
  send(response, status, text, { ...headersOf(text, jsonType), ...headers })
}

export function respondText(response: ServerResponse, text: string, type: string): void {
  send(response, 200, text, headersOf(text, type))
}

function send(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>>): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, headers)
  response.end(response.req.method === 'HEAD' ? undefined : text)
}

export function respondRefused(response: ServerResponse, refused: Refusal): void {
  respond(response, refused.status, refusalBody(refused), refused.headers)
}

/** Answers an upgrade with an HTTP refusal and ends the link. */
export function refuseUpgrade(socket: Duplex, refused: Refusal): void {
  if (!socket.writable) return void socket.destroy()
  const body = JSON.stringify(refusalBody(refused))
  const headers = { ...headersOf(body, jsonType), ...refused.headers, connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${refused.status} ${STATUS_CODES[refused.status]}\r\n${lines.join('')}\r\n${body}`)
}

const jsonType = 'application/json; charset=utf-8'

function headersOf(text: string, type: string): Record<string, string> {
  return {
    'content-type': type,
    'content-length': String(Buffer.byteLength(text)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
}
