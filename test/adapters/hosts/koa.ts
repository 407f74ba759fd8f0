import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import Router, { type RouterContext } from '@koa/router'
import Koa from 'koa'
import { attach } from '../../../adapters/koa/attach.js'
import type { HostedRuntime } from '../../../adapters/node/host.js'
import { currentUser, type HostFront, sidOf, type TestHost } from './host.js'

const koaFront: HostFront = {
  async session(context: Koa.Context, next: Koa.Next) {
    const sid = sidOf(context.get('cookie'))
    if (sid === 'expired') context.throw(401, 'log in again')
    if (sid === 'banned') {
      context.status = 418
      context.body = { error: 'no' }
      return
    }
    context.state.user = sid
    await turn()
    await currentUser.run(sid, next)
  },
  failing: () => Promise.reject(new Error('session store is down')),
  async bodyParser(context: Koa.Context, next: Koa.Next) {
    Object.assign(context.request, { body: await json(context.req) })
    await next()
  },
  userOf: (raw) => (raw as Koa.Context).state.user,
}

export const koaHost: TestHost = {
  name: 'koa',
  front: koaFront,
  routes: {
    '/hello/ada': '/hello/:name',
    '/api/users/7': '/api/users/:id',
    '/api/users/7/broken': '/api/users/:id/broken',
    '/api/users/7/guarded': '/api/users/:id/guarded',
    '/orgs/42/users/7': '/orgs/:org/users/:id',
    '/shop': '/shop',
    '/shop/items/7?color=red': '/shop/items/:id',
    '/shop/deep/items/7': '/shop/deep/items/:id',
    '/shop/pass/7': '/shop/pass/:id', // Of the app: the mounted one lets it pass.
    '/shop/files/a/b': '/shop/files/*path',
    '/nowhere': undefined,
  },
  build(runtime, { use = [] }) {
    const app = new Koa()
    app.silent = true
    const server = createServer()
    attach(runtime, { app, server, use: use as readonly Koa.Middleware[] })
    app.use(routes(runtime).routes())
    app.use(nested().routes())
    app.use(mount('/shop', shop()))
    app.use(new Router().get('/shop/pass/:id', reply).routes())
    server.on('request', app.callback())
    return server
  },
}

function reply(context: RouterContext): void {
  context.body = context.params
}

function routes(runtime: HostedRuntime): Router {
  const router = new Router()
  router.get('/hello/:name', (context) => {
    context.body = `hello ${context.params.name}`
  })
  router.get('/trace', (context) => {
    context.body = runtime.tracer.inject({}).traceparent ?? 'none'
  })
  router.get('/silent', () => new Promise<never>(() => {}))
  router.get('/broken', () => {
    throw new Error('broken')
  })
  router.get('/broken-later', () => turn().then(() => Promise.reject(new Error('broken'))))
  return router
}

function nested(): Router {
  const users = new Router()
  users.use('/:id/guarded', (context) => context.throw(401))
  users.get('/:id', reply).get('/:id/guarded', reply)
  users.get('/:id/broken', () => {
    throw new Error('broken')
  })
  const api = new Router({ prefix: '/api' })
  api.use('/users', users.routes())
  return new Router().use(api.routes()).use('/orgs/:org/users', users.routes())
}

function shop(): Koa.Middleware[] {
  const items = () => new Router().get('/items/:id', reply)
  const files = items().get('/files/*path', reply).get('/', reply)
  return [mount('/deep', [items().routes() as Koa.Middleware]), files.routes() as Koa.Middleware]
}

/** What the package koa-mount does. */
function mount(prefix: string, app: readonly Koa.Middleware[]): Koa.Middleware {
  return async (context, next) => {
    const { path } = context
    if (path !== prefix && !path.startsWith(`${prefix}/`)) return await next()
    const inner = path.slice(prefix.length) || '/'
    context.mountPath = prefix
    context.path = inner
    const outside = async () => {
      context.path = path
      await next()
      context.path = inner
    }
    await app.reduceRight<() => Promise<unknown>>((rest, step) => async () => step(context, rest), outside)()
    context.path = path
  }
}
