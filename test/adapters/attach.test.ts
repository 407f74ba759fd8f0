import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import express from 'express'
import Koa from 'koa'
import { attach as attachToExpress } from '../../adapters/express/attach.js'
import { triport as triportOfExpress } from '../../adapters/express/middleware.js'
import { attach } from '../../adapters/index.js'
import { attach as attachToKoa } from '../../adapters/koa/attach.js'
import { triport as triportOfKoa } from '../../adapters/koa/middleware.js'
import { attach as attachToNode } from '../../adapters/node/attach.js'
import type { HttpConfig } from '../../core/http-config.js'
import { createRuntime } from '../../drivers/index.js'
import { openSocket, refusedStatus } from './client.js'
import { serve } from './serve.js'

const runtimeWith = (http: HttpConfig) => createRuntime({ http })

describe('attach', () => {
  it('takes express when an app is given, and node otherwise', () => {
    const [withApp, without] = [createServer(), createServer()]
    const app = express()
    attach(runtimeWith({}), { app, server: withApp })
    attach(runtimeWith({}), { server: without })
    assert.equal(withApp.listenerCount('upgrade'), 1)
    assert.equal(withApp.listenerCount('request'), 0)
    assert.equal(without.listenerCount('request'), 1)
  })

  it('says what an adapter lacks', () => {
    assert.throws(() => attach(runtimeWith({ adapter: 'express' }), { server: createServer() }), {
      code: 'ERR_OPTION_INVALID',
      message: /needs the app/,
    })
    assert.throws(() => attach(runtimeWith({ adapter: 'node' }), { app: express() }), {
      code: 'ERR_OPTION_INVALID',
      message: /needs the server/,
    })
  })

  const app = express()
  const koa = new Koa()
  const server = createServer()
  const wrong: readonly [string, (...args: never[]) => unknown, object, RegExp][] = [
    [
      'the Express app as server',
      attach,
      { app, server: app },
      /^server is the app.*createServer\(app\), or what app\.listen/,
    ],
    ['the Koa app as server', attach, { app: koa, server: koa }, /^server is no server.*createServer\(\)/],
    ['an object as server', attach, { server: {} }, /^server is no server/],
    ['null as server', attach, { app, server: null }, /^server is no server/],
    ['nothing at all', attach, {}, /needs the server/],
    ['no options', attach, app, /second argument/],
    ['an object as app', attach, { app: {}, server }, /needs the app/],
    ['null as app', attach, { app: null, server }, /needs the app/],
    ['the server as app', attach, { app: server, server }, /needs the app/],
    ['an unknown option', attach, { app, server, usee: [] }, /^Unknown option "usee"\. Did you mean "use"\?/],
    ['middleware without an array', attach, { app, server, use: app }, /^use is no array/],
    ['middleware that is undefined', attach, { app, server, use: [undefined] }, /^use is no array/],
    ['triport/express: an unknown option', attachToExpress, { app, sever: server }, /Did you mean "server"/],
    ['triport/express: the app as server', attachToExpress, { app, server: app }, /^server is the app/],
    ['triport/express: the app of Koa', attachToExpress, { app: koa, server }, /needs the app/],
    ['triport/koa: an unknown option', attachToKoa, { app: koa, sever: server }, /Did you mean "server"/],
    ['triport/koa: the app as server', attachToKoa, { app: koa, server: koa }, /^server is no server/],
    ['triport/koa: the app of Express', attachToKoa, { app, server }, /needs the app/],
    ['triport/node: an app', attachToNode, { app, server }, /^Unknown option "app"/],
    ['triport/node: no server', attachToNode, {}, /needs the server/],
    ['triport of triport/express: an unknown option', triportOfExpress, { usee: [] }, /Did you mean "use"/],
    ['triport of triport/koa: an unknown option', triportOfKoa, { usee: [] }, /Did you mean "use"/],
  ]
  for (const [what, entry, options, message] of wrong) {
    it(`refuses ${what}, and touches nothing`, () => {
      assert.throws(() => Reflect.apply(entry, undefined, [runtimeWith({}), options]), {
        code: 'ERR_OPTION_INVALID',
        message,
      })
      assert.deepEqual([server.listenerCount('upgrade'), server.listenerCount('request')], [0, 0])
      assert.equal(koa.middleware.length, 0)
    })
  }

  it('refuses every call without a runtime', () => {
    for (const entry of [attach, attachToExpress, attachToKoa, attachToNode, triportOfExpress, triportOfKoa]) {
      const call = entry as (runtime: unknown) => unknown
      for (const first of [{ app, server }, app, undefined]) {
        assert.throws(() => call(first), { code: 'ERR_OPTION_INVALID', message: /no runtime.*attach\(runtime, / })
      }
    }
  })

  it('refuses an adapter that it does not know', () => {
    const http = { adapter: 'expres' } as unknown as HttpConfig
    assert.throws(() => attach(runtimeWith({}), { app, server, http }), {
      code: 'ERR_CONFIG_INVALID',
      message: /expres/,
    })
  })

  it('takes what app.listen() returns', async (t) => {
    const { ws } = await serve(t, {
      name: 'listening',
      build(runtime) {
        const app = express()
        const listening = app.listen(0, '127.0.0.1')
        attach(runtime, { app, server: listening })
        return listening
      },
    })
    await openSocket(t, `${ws}/a`)
  })

  it('without a server gives an app its endpoints, and no WebSockets', async (t) => {
    const { request, ws } = await serve(t, {
      name: 'no server',
      build(runtime) {
        const app = express()
        attach(runtime, { app })
        return createServer(app)
      },
    })
    assert.equal((await request('/triport/health')).status, 200)
    assert.equal(await refusedStatus(t, `${ws}/a`), 404)
  })

  it('takes koa when its app is given, and says so when an app is of another kind', () => {
    const app = new Koa()
    const server = createServer()
    attach(runtimeWith({}), { app, server })
    assert.equal(app.middleware.length, 1)
    assert.equal(server.listenerCount('upgrade'), 1)
    const wrong = { code: 'ERR_OPTION_INVALID', message: /adapter needs the app/ }
    assert.throws(() => attach(runtimeWith({ adapter: 'koa' }), { app: express() }), wrong)
    assert.throws(() => attach(runtimeWith({ adapter: 'express' }), { app }), wrong)
  })

  it('says when a Koa app has its middleware already', () => {
    const app = new Koa()
    app.callback()
    assert.throws(() => attach(runtimeWith({}), { app }), {
      code: 'ERR_OPTION_INVALID',
      message: /before app\.callback/,
    })
  })

  it('refuses options that do not fit, all at once', () => {
    const http = { base: 'triport/', origin: ['example.com'], limits: { maxConections: 1 } } as unknown as HttpConfig
    assert.throws(() => attach(runtimeWith({}), { server: createServer(), http }), {
      code: 'ERR_CONFIG_INVALID',
      message: /http\.base[\s\S]*http\.origin[\s\S]*Did you mean "maxConnections"/,
    })
  })

  it('gives a server without a listener the endpoints, and steps back for one that comes later', async (t) => {
    const host = {
      name: 'bare',
      build(runtime: Parameters<typeof attachToNode>[0]) {
        const server = createServer()
        attachToNode(runtime, { server })
        return server
      },
    }
    const { server, request, ws } = await serve(t, host)
    assert.deepEqual(await (await request('/triport/health')).json(), { status: 'ok' })
    assert.equal((await request('/elsewhere')).status, 404)
    await openSocket(t, `${ws}/a`)
    server.on('request', (_, response) => response.end('mine'))
    assert.equal(await (await request('/triport/health')).text(), 'mine')
  })

  it('can be undone', () => {
    const server = createServer()
    const detach = attach(runtimeWith({}), { server })
    detach()
    assert.deepEqual([server.listenerCount('upgrade'), server.listenerCount('request')], [0, 0])
    attach(runtimeWith({}), { server })
  })
})
