import type { Exchange } from './exchange.js'

/** One of our endpoints, as a path names it. */
export interface Endpoint {
  /** With placeholders: the name for spans. */
  readonly route: string
  readonly methods: readonly string[]
  answer(exchange: Exchange): Promise<void>
}
