import { createServer } from 'node:http'
import Router from '@koa/router'
import Koa, { type Context } from 'koa'
import { attach } from 'triport/http'
import { answer, notFound, type SentAnswer } from '../answer.js'
import type { Host } from './host.js'

/** The service on Koa. */
export const onKoa: Host = (runtime, routes) => {
  const app = new Koa()
  const server = createServer()
  attach(runtime, { app, server })

  const router = new Router()
  for (const route of routes) {
    router.register(route.path, [route.method], async (context) => {
      send(context, await answer(route, context.req, context.params))
    })
  }
  app.use(router.routes())
  app.use((context) => send(context, notFound))
  server.on('request', app.callback())
  return server
}

function send(context: Context, { status, headers, body }: SentAnswer): void {
  context.status = status
  context.set(headers)
  context.body = body
}
