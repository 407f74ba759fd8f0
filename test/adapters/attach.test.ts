import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import express from 'express'
import Koa from 'koa'
import { attach } from '../../adapters/index.js'
import { attach as attachToNode } from '../../adapters/node/attach.js'
import type { HttpConfig } from '../../core/http-config.js'
import { createRuntime } from '../../drivers/index.js'
import { openSocket } from './client.js'
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

  it('says when the first argument is no runtime', () => {
    const swapped = attach as unknown as (app: unknown, runtime: unknown) => void
    assert.throws(() => swapped(express(), runtimeWith({})), {
      code: 'ERR_OPTION_INVALID',
      message: /attach\(runtime, /,
    })
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
