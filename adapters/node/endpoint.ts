import type { IncomingMessage, ServerResponse } from 'node:http'

/** One of our endpoints, as a path names it. */
export interface Endpoint {
  /** With placeholders: the name for spans. */
  readonly route: string
  readonly methods: readonly string[]
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
}
