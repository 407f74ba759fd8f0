import { createServer } from 'node:http'
import express from 'express'
import { attach } from 'triport/http'
import { answer, notFound } from '../answer.js'
import type { Host } from './host.js'

/** The service on Express. */
export const onExpress: Host = (runtime, routes) => {
  const app = express().disable('x-powered-by')
  const server = createServer(app)
  attach(runtime, { app, server })

  for (const route of routes) {
    const method = route.method === 'GET' ? 'get' : 'post'
    app[method](route.path, async (request, response) => {
      const { status, headers, body } = await answer(route, request, request.params as Record<string, string>)
      response.status(status).set(headers).send(body)
    })
  }
  app.use((_request, response) => void response.status(notFound.status).set(notFound.headers).send(notFound.body))
  return server
}
