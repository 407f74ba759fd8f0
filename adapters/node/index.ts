export { type AttachOptions, attach, type Detach } from './attach.js'
export { createHandler, type HandlerOptions, type RequestHandler } from './handler.js'
export type { HostedRuntime } from './host.js'
export type { HostMiddleware } from './middleware.js'
