import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Runtime } from '../../core/runtime.js'
import type { PrivateServer } from '../services/private-server.js'
import { startProxy, type TcpProxy } from '../services/proxy.js'
import { type Child, startChild } from './child.js'
import { createRuntime } from './drivers.js'
import type { Backend, Orders, TaskName } from './orders.js'

/** The program in several processes on one server, each kind with a link of its own. */
export interface Stage {
  readonly server: Server
  readonly links: Readonly<Record<'web' | 'workers' | 'nodes', TcpProxy>>
  /** Enqueues and publishes, in this process. */
  readonly web: Runtime
  /** Serve rooms. */
  readonly nodes: readonly Child[]
  /** All processes there have been. */
  readonly children: readonly Child[]
  /** How long workers hold a job without a sign of life, in milliseconds. */
  readonly lease: number
  /** Starts another worker. */
  startWorker(options?: WorkerKind): Promise<Child>
  /** Ends everything but the server. */
  stop(): Promise<void>
}

/** What a stage needs of its server. */
export type Server = Pick<PrivateServer, 'url' | 'port' | 'kill' | 'restart'>

export interface WorkerKind {
  /** @default 'count' */
  readonly task?: TaskName
  /** @default 10 */
  readonly concurrency?: number
}

export interface StageOptions {
  readonly server: Server
  /** The drivers for a server at this URL. */
  backend(url: string): { readonly queue: Backend; readonly rooms: Backend }
  readonly lease: number
  /** What else processes are ordered. */
  readonly orders?: (url: string) => Partial<Orders>
}

export async function openStage({ server, backend, lease, orders = () => ({}) }: StageOptions): Promise<Stage> {
  const links = {
    web: await startProxy(server.port),
    workers: await startProxy(server.port),
    nodes: await startProxy(server.port),
  }
  const folder = await mkdtemp(join(tmpdir(), 'triport-faults-'))
  const children: Child[] = []
  let ledgers = 0

  async function start(link: TcpProxy, kind: Partial<Orders>): Promise<Child> {
    const url = link.via(server.url)
    const child = await startChild({ ledger: join(folder, `${++ledgers}`), ...backend(url), ...orders(url), ...kind })
    children.push(child)
    return child
  }

  const startWorker = ({ task = 'count', concurrency = 10 }: WorkerKind = {}) =>
    start(links.workers, { worker: { task, concurrency, lease: `${lease}ms` } })
  const { queue, rooms } = backend(links.web.via(server.url))
  const web = createRuntime({
    queue: queue as never,
    rooms: rooms as never,
    tracer: { driver: 'noop' },
    worker: false,
    queueTimeout: '2s',
    report: () => {}, // The link of this process is cut on purpose.
    log: () => {},
  })
  await web.start()
  const [, , ...nodes] = await Promise.all([
    startWorker(),
    startWorker(),
    start(links.nodes, { serves: true }),
    start(links.nodes, { serves: true }),
  ])

  return {
    ...{ server, links, web, nodes, children, lease, startWorker },
    async stop() {
      const ends = await Promise.allSettled([...children.map((child) => child.stop()), web.stop()])
      await Promise.all(Object.values(links).map((link) => link.close()))
      await rm(folder, { recursive: true })
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    },
  }
}
