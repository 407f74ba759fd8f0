import { createServer } from 'node:http'
import Router from '@koa/router'
import Koa from 'koa'
import { attach } from '../../adapters/koa/attach.js'
import type { TestHost } from './host.js'
import { httpSuite } from './http-suite.js'

const koa: TestHost = {
  name: 'koa',
  build(runtime, { use = [] }) {
    const app = new Koa()
    app.silent = true
    const server = createServer()
    attach(runtime, { app, server, use: use as never })
    const router = new Router()
    router.get('/hello/:name', (context) => {
      context.body = `hello ${context.params.name}`
    })
    router.get('/trace', (context) => {
      context.body = runtime.tracer.inject({}).traceparent ?? 'none'
    })
    router.get('/broken', () => {
      throw new Error('broken')
    })
    app.use(router.routes())
    server.on('request', app.callback())
    return server
  },
}

httpSuite(koa, { route: '/hello/:name' })
