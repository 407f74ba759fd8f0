// A service with one route, in a process of its own: bare, with triport, or with OpenTelemetry's instrumentations.
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { attach } from '../../../adapters/index.js'
import { createHandler } from '../../../adapters/node/handler.js'
import { createRuntime } from '../../../drivers/index.js'
import { answer, question } from '../program.js'

export type Host = 'express' | 'koa' | 'node'
export type Mode = 'bare' | 'off' | 'triport' | 'otel-auto'

interface Question {
  readonly host: Host
  readonly mode: Mode
  /** Takes spans and forgets them. */
  readonly endpoint: string
  /** The package.json of the peers. */
  readonly peers: string
}

type Runtime = ReturnType<typeof createRuntime>

const { host, mode, endpoint, peers } = question<Question>()
const require = createRequire(import.meta.url)

/** The official set-up: the SDK with batches and OTLP, and the instrumentations of the host. Before anything that they patch is loaded. */
function instrument(): void {
  const load = createRequire(peers)
  const { context, propagation, trace } = require('@opentelemetry/api')
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
  const { W3CTraceContextPropagator } = load('@opentelemetry/core')
  const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto')
  const { BatchSpanProcessor, TracerProvider } = require('@opentelemetry/sdk-trace')
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` })
  const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  const { HttpInstrumentation } = load('@opentelemetry/instrumentation-http')
  const { ExpressInstrumentation } = load('@opentelemetry/instrumentation-express')
  const { KoaInstrumentation } = load('@opentelemetry/instrumentation-koa')
  const { registerInstrumentations } = load('@opentelemetry/instrumentation')
  const instrumentations = [new HttpInstrumentation(), new ExpressInstrumentation(), new KoaInstrumentation()]
  registerInstrumentations({ tracerProvider: provider, instrumentations })
}

async function startRuntime(): Promise<Runtime> {
  const tracer = mode === 'off' ? ({ driver: 'noop' } as const) : ({ driver: 'opentelemetry', endpoint } as const)
  const others = { queue: { driver: 'memory' }, rooms: { driver: 'memory' }, metrics: false } as const
  return (await createRuntime({ ...others, tracer, worker: false }).start()) as Runtime
}

function bodyOf(id: string): string {
  return JSON.stringify({ id, nodes: ['lacI', 'tetR', 'cI'] })
}

function onExpress(runtime: Runtime | undefined): Server {
  const express = require('express')
  const app = express()
  const server = require('node:http').createServer(app)
  if (runtime) attach(runtime, { app, server })
  app.get(
    '/users/:id',
    (
      request: { params: { id: string } },
      response: { type(type: string): typeof response; send(body: string): void },
    ) => {
      response.type('json').send(bodyOf(request.params.id))
    },
  )
  return server
}

function onKoa(runtime: Runtime | undefined): Server {
  const Koa = require('koa')
  const { Router } = require('@koa/router')
  const app = new Koa()
  const server = require('node:http').createServer()
  if (runtime) attach(runtime, { app, server })
  const router = new Router()
  router.get('/users/:id', async (context: { params: { id: string }; type: string; body: unknown }) => {
    context.type = 'json'
    context.body = bodyOf(context.params.id)
  })
  app.use(router.routes())
  server.on('request', app.callback())
  return server
}

function onNode(runtime: Runtime | undefined): Server {
  const { createServer } = require('node:http') as typeof import('node:http')
  const serve: import('node:http').RequestListener = (request, response) => {
    const body = bodyOf((request.url ?? '').slice('/users/'.length))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
  }
  if (!runtime) return createServer(serve)
  const handle = createHandler(runtime, { route: () => '/users/:id' })
  return createServer((request, response) => handle(request, response, () => serve(request, response)))
}

if (mode === 'otel-auto') instrument()
const runtime = mode === 'off' || mode === 'triport' ? await startRuntime() : undefined
const server = { express: onExpress, koa: onKoa, node: onNode }[host](runtime)
server.listen(0, '127.0.0.1', () => answer((server.address() as AddressInfo).port))
