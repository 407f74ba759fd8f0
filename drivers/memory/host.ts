import { hostname } from 'node:os'
import type { HostInfo } from '../../core/queue/worker-info.js'

/** This process, as workers name it. */
export function host(): HostInfo {
  return { name: hostname(), pid: process.pid }
}
