import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { setImmediate as turn } from 'node:timers/promises'
import express, { type NextFunction, type Request, type Response } from 'express'
import { attach } from '../../../adapters/express/attach.js'
import type { HostedRuntime } from '../../../adapters/node/host.js'
import { connectFront } from './connect.js'
import type { TestHost } from './host.js'

// Version 4 has types of its own that clash with those of 5; what is used here is the same in both.
const require = createRequire(import.meta.url)
const express4: typeof express = require('express4')

export const express5Host = expressHost('express 5', express)
export const express4Host = expressHost('express 4', express4)

function expressHost(name: string, createApp: typeof express): TestHost {
  return {
    name,
    front: connectFront,
    routes: {
      '/hello/ada': '/hello/:name',
      '/api/users/7': '/api/users/:id',
      '/api/users/7/broken': '/api/users/:id/broken',
      '/api/users/7/guarded': undefined, // Answered by middleware, before a route is looked for.
      '/orgs/42/users/7': '/orgs/:org/users/:id',
      '/shop': '/shop',
      '/shop/items/7?color=red': '/shop/items/:id',
      '/shop/deep/items/7': '/shop/deep/items/:id',
      '/nowhere': undefined,
    },
    build(runtime, { use = [] }) {
      const app = createApp()
      const server = createServer(app)
      attach(runtime, { app, server, use })
      addRoutes(app, runtime)
      addRouters(app, createApp)
      app.use((_error: Error, _request: Request, response: Response, _next: NextFunction) => {
        response.status(500).send('sorry')
      })
      return server
    },
  }
}

function addRoutes(app: express.Express, runtime: HostedRuntime): void {
  app.get('/hello/:name', (request, response) => void response.send(`hello ${request.params.name}`))
  app.get('/trace', (_, response) => void response.send(runtime.tracer.inject({}).traceparent ?? 'none'))
  app.get('/silent', () => {})
  app.get('/broken', () => {
    throw new Error('broken')
  })
  app.get('/broken-later', (_request, _response, next) => void turn().then(() => next(new Error('broken'))))
}

function addRouters(app: express.Express, createApp: typeof express): void {
  const users = createApp.Router({ mergeParams: true })
  users.use('/:id/guarded', (_, response) => void response.status(401).end())
  users.get('/:id', (request, response) => void response.json(request.params))
  users.get('/:id/broken', () => {
    throw new Error('broken')
  })
  const api = createApp.Router()
  app.use('/api', api.use('/users', users))
  app.use('/orgs/:org/users', users)

  const shop = createApp()
  const deep = createApp()
  for (const each of [shop, deep]) each.get('/items/:id', (request, response) => void response.json(request.params))
  shop.get('/', (_, response) => void response.send('shop'))
  app.use('/shop', shop.use('/deep', deep))
}
