import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import Koa from 'koa'
import { triport } from '../../adapters/koa/middleware.js'
import { spy } from '../kit/spy.js'
import type { TestHost } from './hosts/host.js'
import { koaHost } from './hosts/koa.js'
import { httpSuite } from './http-suite.js'
import { serve, serverSpan } from './serve.js'

httpSuite(koaHost)

/** An app of the given middleware, with ours in front of it. */
function appOf(...middleware: readonly Koa.Middleware[]) {
  const onError = spy((_error: Error) => {})
  const host: TestHost = {
    name: 'koa',
    build(runtime) {
      const app = new Koa()
      app.on('error', onError)
      app.use(triport(runtime))
      for (const each of middleware) app.use(each)
      return createServer(app.callback())
    },
  }
  return { host, onError }
}

describe('a Koa app', () => {
  it('hears of the errors of its routes as ever, and the span has the exception', async (t) => {
    const { host, onError } = appOf(() => Promise.reject(new TypeError('no such gene')))
    const served = await serve(t, host)
    const response = await served.request('/')
    assert.deepEqual([response.status, await response.text()], [500, 'Internal Server Error'])
    assert.equal(onError.calls[0]?.[0].message, 'no such gene')
    const span = await serverSpan(served)
    assert.deepEqual([span.status, span.statusMessage, span.attributes['error.type']], ['error', 'no such gene', '500'])
    assert.equal(span.events[0]?.attributes['exception.type'], 'TypeError')
  })

  it('answers clients by throwing, which is no failure', async (t) => {
    const { host } = appOf((context) => context.throw(404, 'no such gene'))
    const served = await serve(t, host)
    const response = await served.request('/')
    assert.deepEqual([response.status, await response.text()], [404, 'no such gene'])
    const span = await serverSpan(served)
    assert.deepEqual([span.status, span.events.length], ['unset', 0])
  })

  it('with a handler of errors in front of ours decides itself what is one', async (t) => {
    const served = await serve(t, {
      name: 'koa',
      build(runtime) {
        const app = new Koa()
        app.use(async (context, next) => {
          await next().catch(() => {
            context.body = 'never mind'
          })
          context.set('x-after', String(context.status))
        })
        app.use(triport(runtime)).use(() => Promise.reject(new Error('broken')))
        return createServer(app.callback())
      },
    })
    assert.equal(await (await served.request('/')).text(), 'never mind')
    assert.equal((await serverSpan(served)).status, 'unset')
  })

  it('keeps what middleware in front of ours says about our answer', async (t) => {
    const statuses: number[] = []
    const served = await serve(t, {
      name: 'koa',
      build(runtime) {
        const app = new Koa()
        app.use(async (context, next) => {
          context.set('x-before', 'yes')
          await next()
          statuses.push(context.status)
          if (context.status === 404) context.body = 'not here'
        })
        return createServer(app.use(triport(runtime)).callback())
      },
    })
    const health = await served.request('/triport/health')
    assert.deepEqual([health.headers.get('x-before'), await health.json()], ['yes', { status: 'ok' }])
    const off = await served.request('/triport/jobs/abc')
    assert.equal(((await off.json()) as { error: { code: string } }).error.code, 'not_found')
    assert.equal(await (await served.request('/elsewhere')).text(), 'not here')
    assert.deepEqual(statuses, [200, 404, 404])
  })

  it('names the routes of another router by a function', async (t) => {
    const served = await serve(t, {
      name: 'koa',
      build: (runtime) =>
        createServer(new Koa().use(triport(runtime, { route: (context) => `by ${context.originalUrl}` })).callback()),
    })
    await served.request('/a')
    assert.equal((await serverSpan(served)).name, 'GET by /a')
  })
})
