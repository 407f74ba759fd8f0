import type { Platform } from '../core/runtime.js'
import { detect } from './env.js'
import { asyncContext } from './memory/context.js'

/** Node.js, as the core needs it. */
export const nodePlatform: Platform = {
  contextStorage: asyncContext,
  env: () => process.env,
  detect,
  afterTurn: (fn) => void setImmediate(fn),
  write: (line) => void process.stderr.write(`${line}\n`),
}
