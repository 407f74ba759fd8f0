import type { Server } from 'node:http'
import type { Route } from '../answer.js'
import type { GrnRuntime } from '../routes.js'

/** Puts the runtime and the routes on a web server that does not listen yet. */
export type Host = (runtime: GrnRuntime, routes: readonly Route[]) => Server
