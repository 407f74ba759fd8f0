import type { Attributes, AttributeValue, Baggage, Span, SpanContext, SpanLink } from '../ports/tracer.js'
import type { SpanStep } from './messages.js'
import type { SpanFeed } from './span-feed.js'

type Step = SpanStep extends infer S ? (S extends SpanStep ? Omit<S, 'span'> : never) : never

/** A span that the host makes. The host's id of it is not known here: `context` names the nearest span above it whose id is. */
export class GuestSpan implements Span {
  #ended = false

  /**
   * @param sampled Whether the host keeps it.
   * @param brought The baggage that it brings along when it is made current; `undefined` leaves the current one.
   */
  constructor(
    readonly feed: SpanFeed,
    readonly number: number,
    readonly known: SpanContext | undefined,
    readonly sampled: boolean,
    readonly brought?: Baggage,
  ) {}

  get recording(): boolean {
    return this.sampled && !this.#ended
  }

  context(): SpanContext | undefined {
    return this.known
  }

  set(key: string, value: AttributeValue | undefined): this {
    return this.setAll({ [key]: value })
  }

  setAll(attributes: Attributes): this {
    return this.#tell({ do: 'set', attributes: plain(attributes) })
  }

  event(name: string, attributes: Attributes = {}): this {
    return this.#tell({ do: 'event', name: String(name), attributes: plain(attributes) })
  }

  link({ context, attributes = {} }: SpanLink): this {
    return this.#tell({ do: 'link', link: { context: { ...context }, attributes: plain(attributes) } })
  }

  rename(name: string): this {
    return this.#tell({ do: 'rename', name: String(name) })
  }

  fail(error: unknown): this {
    return this.recording ? this.#tell({ do: 'fail', error: this.feed.note(error) }) : this
  }

  failAs(type: string, message?: string): this {
    return this.#tell({
      do: 'failAs',
      type: String(type),
      ...(message === undefined ? {} : { message: String(message) }),
    })
  }

  end(at = this.feed.now()): void {
    this.#tell({ do: 'end', at })
    this.#ended = true
  }

  #tell(step: Step): this {
    if (this.recording) this.feed.push({ span: this.number, ...step } as SpanStep)
    return this
  }
}

/** What can be sent: tracing must not break the work that it traces, whatever that passes. */
export function plain(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => [value].flat().every(isPlain)))
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
