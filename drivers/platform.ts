import type { Platform } from '../core/runtime.js'
import { detect } from './env.js'
import { asyncContext } from './memory/context.js'
import { host } from './memory/host.js'

/** Node.js, as the core needs it. */
export const nodePlatform: Platform = {
  contextStorage: asyncContext,
  env: () => process.env,
  detect,
  host,
  cron: async () => (await import('./cron.js')).readCron,
  afterTurn: (fn) => void setImmediate(fn),
  isolator: async () => (await import('./thread/isolator.js')).threadIsolator(),
  clients: async () => (await import('./channels/clients.js')).watchClients,
  write: (line) => void process.stderr.write(`${line}\n`),
}
