// Nanoseconds per span of one subject, in a process of its own: what another one has taught the compiler must not count.
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { TracerDriver } from '../../../core/ports/tracer.js'
import { createRuntime, type Tracer } from '../../../drivers/index.js'
import { memoryTracer } from '../../../drivers/memory/tracer.js'
import { openTelemetryTracer } from '../../../drivers/opentelemetry/tracer.js'
import { answer, cpuSeconds, question } from '../program.js'

/** What is asked of this process. `endpoint` takes spans and forgets them. */
interface Question {
  readonly subject: string
  readonly count: number
  readonly endpoint: string
}

const { subject, count, endpoint } = question<Question>()

/** Does something so many times, and returns a sum, so that nothing of it can be left out. */
type Loop = (count: number) => number

/** As many as the memory driver keeps. */
const kept = 10_000

function work(n: number): number {
  return n & 1
}

function attributesOf(n: number) {
  return { 'app.network': 'repressilator', 'app.step': n, 'app.gene': 'lacI', 'app.done': false }
}

/** Keeps the last spans and does nothing else: any other processor would cost more. */
function ring(): SpanProcessor & { readonly ended: () => number } {
  const spans: ReadableSpan[] = []
  let ended = 0
  return {
    onStart() {},
    onEnd(span) {
      spans[ended++ % kept] = span
    },
    async forceFlush() {},
    async shutdown() {},
    ended: () => ended,
  }
}

function sdk(ratio: number) {
  const processor = ring()
  const root = ratio === 1 ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio)
  const provider = new TracerProvider({ spanProcessors: [processor], sampler: new ParentBasedSampler({ root }) })
  return { provider: registered(provider), processor }
}

function registered(provider: TracerProvider): TracerProvider {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(provider)
  return provider
}

async function started(tracer: TracerDriver | { readonly driver: 'noop' }): Promise<Tracer> {
  const runtime = createRuntime({
    queue: { driver: 'memory' },
    rooms: { driver: 'memory' },
    tracer,
    worker: false,
    metrics: false,
  })
  return (await runtime.start()).tracer
}

/** A span and one below it: what begins a trace costs more than what goes on with it. */
function withTracer(tracer: Tracer): Loop {
  const inner = (n: number) => tracer.span('inner', { attributes: attributesOf(n) }, () => work(n))
  return (count) => {
    let sum = 0
    for (let n = 0; n < count; n += 2) sum += tracer.span('outer', { attributes: attributesOf(n) }, () => inner(n))
    return sum
  }
}

/** The same as the documentation of OpenTelemetry writes it. */
function withSdk(provider: TracerProvider): Loop {
  const tracer = provider.getTracer('bench')
  const inner = (n: number) =>
    tracer.startActiveSpan('inner', { attributes: attributesOf(n) }, (span) => {
      try {
        return work(n)
      } finally {
        span.end()
      }
    })
  return (count) => {
    let sum = 0
    for (let n = 0; n < count; n += 2) {
      sum += tracer.startActiveSpan('outer', { attributes: attributesOf(n) }, (span) => {
        try {
          return inner(n)
        } finally {
          span.end()
        }
      })
    }
    return sum
  }
}

const subjects: Readonly<Record<string, () => Promise<Loop>>> = {
  async bare() {
    return (count) => {
      let sum = 0
      for (let n = 0; n < count; n++) sum += work(n)
      return sum
    }
  },
  async wrapped() {
    const wrapped = (await started({ driver: 'noop' })).wrap('work', work)
    return (count) => {
      let sum = 0
      for (let n = 0; n < count; n++) sum += wrapped(n)
      return sum
    }
  },
  memory: async () => withTracer(await started(memoryTracer({ limit: kept }))),
  'memory, unsampled': async () => withTracer(await started(memoryTracer({ limit: kept, sampling: 0 }))),
  sdk: async () => withSdk(sdk(1).provider),
  'sdk, unsampled': async () => withSdk(sdk(0).provider),
  async 'sdk, batches'() {
    const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` })
    return withSdk(registered(new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })))
  },
  'opentelemetry, own': async () => withTracer(await started(openTelemetryTracer({ endpoint }))),
  async opentelemetry() {
    const { provider } = sdk(1)
    return withTracer(await started(openTelemetryTracer({ provider })))
  },
  async 'opentelemetry, unsampled'() {
    const { provider } = sdk(1)
    return withTracer(await started(openTelemetryTracer({ provider, sampling: 0 })))
  },
}

/** The fastest of some rounds, after as many that do not count: what else the machine did is not its cost. */
function nanoseconds(loop: Loop, count: number): number {
  const rounds = 9
  let sum = loop(count * rounds)
  const times = Array.from({ length: rounds }, () => {
    const start = cpuSeconds()
    sum += loop(count)
    return ((cpuSeconds() - start) / count) * 1e9
  })
  if (!Number.isFinite(sum)) throw new Error('nothing was done')
  return Math.min(...times)
}

const open = subjects[subject]
if (!open) throw new Error(`no subject ${subject}`)
answer(nanoseconds(await open(), count))
