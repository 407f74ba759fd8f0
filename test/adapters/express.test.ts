import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import express, { type NextFunction, type Request, type Response } from 'express'
import { attach } from '../../adapters/express/attach.js'
import { triport } from '../../adapters/express/middleware.js'
import type { HostedRuntime } from '../../adapters/node/host.js'
import type { Auth } from '../../core/auth.js'
import { refusedStatus } from './client.js'
import { express4Host, express5Host } from './hosts/express.js'
import type { HostOptions, TestHost } from './hosts/host.js'
import { httpSuite } from './http-suite.js'
import { serve } from './serve.js'

httpSuite(express5Host)
httpSuite(express4Host)

interface WithSession extends Request {
  session?: { user: string }
}

/** A session of the app: express-session in short. Uses what only Express's own request and response have. */
function session(request: WithSession, response: Response, next: NextFunction): void {
  const [, user] = /sid=(\w+)/.exec(request.get('cookie') ?? '') ?? []
  if (user === 'expired') return void response.status(440).json({ error: 'session expired' })
  if (user) request.session = { user }
  response.locals.user = user
  next()
}

const sessions: Auth<string> = {
  authenticate: ({ raw }) => (raw as WithSession).session?.user,
  authorize: (user, _action, { room }) => room === undefined || room === `user:${user}`,
}

/** An app that existed before: session, body parser, a router, an error handler, a catch-all. */
function existingApp(order: 'first' | 'last'): TestHost {
  return {
    name: 'existing app',
    build(runtime: HostedRuntime, options: HostOptions) {
      const app = express()
      const server = createServer(app)
      if (order === 'first') attach(runtime, { app, server, ...options })
      app.use(session, express.json())
      const users = express.Router()
      users.get(
        '/:id',
        (request: WithSession, response) => void response.json({ id: request.params.id, by: request.session?.user }),
      )
      users.get('/:id/broken', () => Promise.reject(new Error('broken')))
      app.use('/users', users)
      if (order === 'last') attach(runtime, { app, server, ...options })
      app.use((_, response) => void response.status(404).send('not found'))
      app.use(
        (_error: Error, _request: Request, response: Response, _next: NextFunction) =>
          void response.status(500).send('sorry'),
      )
      return server
    },
  }
}

describe('an Express app that was there before', () => {
  it('keeps its routes, its session and its answers', async (t) => {
    const { request, tracer } = await serve(t, existingApp('first'), { http: { auth: sessions }, use: [session] })
    const response = await request('/users/7', { headers: { cookie: 'sid=ada' } })
    assert.deepEqual(await response.json(), { id: '7', by: 'ada' })
    await tracer.waitFor('GET /users/:id')
    const missing = await request('/nowhere')
    assert.deepEqual([missing.status, await missing.text()], [404, 'not found'])
    await tracer.waitFor('GET')
  })

  it('an error behind a mounted router has the whole route', async (t) => {
    const { request, tracer } = await serve(t, existingApp('first'))
    assert.equal(await (await request('/users/7/broken')).text(), 'sorry')
    const span = await tracer.waitFor('GET /users/:id/broken')
    assert.equal(span.status, 'error')
  })

  it('authenticates upgrades by its session', async (t) => {
    const { ws } = await serve(t, existingApp('first'), { http: { auth: sessions }, use: [session] })
    assert.equal(await refusedStatus(t, `${ws}/user/ada`, { cookie: 'sid=ada' }), 101)
    assert.equal(await refusedStatus(t, `${ws}/user/bob`, { cookie: 'sid=ada' }), 403)
    assert.equal(await refusedStatus(t, `${ws}/user/ada`), 401)
    assert.equal(await refusedStatus(t, `${ws}/user/ada`, { cookie: 'sid=expired' }), 440)
  })

  it('authenticates the endpoints by its session, though attached before it', async (t) => {
    const { request } = await serve(t, existingApp('first'), { http: { auth: sessions }, use: [session] })
    assert.equal((await request('/triport/jobs/abc', { headers: { cookie: 'sid=ada' } })).status, 404)
    assert.equal((await request('/triport/jobs/abc')).status, 401)
    assert.equal((await request('/triport/jobs/abc', { headers: { cookie: 'sid=expired' } })).status, 440)
  })

  it('has endpoints and rooms also when attached after its routes', async (t) => {
    const { request, ws } = await serve(t, existingApp('last'), { http: { auth: sessions }, use: [session] })
    assert.equal((await request('/triport/health')).status, 200)
    assert.equal((await request('/triport/jobs/abc', { headers: { cookie: 'sid=ada' } })).status, 404)
    assert.equal((await request('/triport/jobs/abc')).status, 401)
    assert.equal(await refusedStatus(t, `${ws}/user/ada`, { cookie: 'sid=ada' }), 101)
  })

  it('a body that its parser has read is not waited for', async (t) => {
    const host = existingApp('last')
    const { request } = await serve(t, host, { http: { auth: 'public' } })
    const response = await request('/triport/jobs/abc/cancel', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"reason":"enough"}',
    })
    assert.equal(response.status, 404)
  })

  it('may have the middleware on the app and on a router: one span, endpoints in both places', async (t) => {
    const { request, tracer } = await serve(t, {
      name: 'mounted twice',
      build(runtime) {
        const app = express()
        const admin = express.Router()
        admin.use(triport(runtime))
        return createServer(app.use(triport(runtime)).use('/admin', admin))
      },
    })
    assert.equal((await request('/admin/triport/health')).status, 200)
    await tracer.waitFor((span) => span.kind === 'server')
    assert.equal(tracer.finished.filter(({ kind }) => kind === 'server').length, 1)
  })
})
