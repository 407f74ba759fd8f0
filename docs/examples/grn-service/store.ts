import { randomUUID } from 'node:crypto'
import { createNetworkUpdateMessage, type Rooms, traceFunction } from 'triport'
import type { Journal } from './journal.js'
import type { Network } from './network.js'

/** A run of a network. */
export interface Workflow {
  readonly id: string
  readonly jobId: string
  readonly networkId: string
  readonly network: Network
  /** The trace of the request that started it. */
  readonly traceId: string | undefined
  readonly createdAt: Date
}

/** What the store remembers, as it is written down. */
export type Entry =
  | { readonly kind: 'network'; readonly id: string; readonly network: Network }
  | ({ readonly kind: 'workflow'; readonly createdAt: string } & Omit<Workflow, 'network' | 'createdAt'>)

/** The newest are kept. A real service would keep all of them in its database. */
const maxKept = 1000

/** The networks and workflows that this process knows. What a worker needs of them is in the input of its job. */
export class Store {
  readonly #rooms: Rooms
  readonly #journal: Journal<Entry>
  readonly #networks = new Map<string, Network>()
  readonly #workflows = new Map<string, Workflow>()

  /** @param journal What was there before is read from it. */
  constructor(rooms: Rooms, journal: Journal<Entry>) {
    this.#rooms = rooms
    this.#journal = journal
    for (const entry of journal.entries) this.#remember(entry)
  }

  @traceFunction('create_network', { operation: 'create' })
  async createNetwork(network: Network): Promise<string> {
    const id = randomUUID()
    await this.#keep({ kind: 'network', id, network })
    const summary = { name: network.name, model: network.model, nodes: network.nodes.length }
    await this.#rooms.broadcastToRoom(`network:${id}`, createNetworkUpdateMessage(id, 'created', summary))
    return id
  }

  network(id: string): Network | undefined {
    return this.#networks.get(id)
  }

  async addWorkflow({ network, ...workflow }: Workflow): Promise<void> {
    await this.#keep({ kind: 'workflow', ...workflow, createdAt: workflow.createdAt.toISOString() })
  }

  workflow(id: string): Workflow | undefined {
    return this.#workflows.get(id)
  }

  /** The newest workflows, the newest first. */
  newest(count: number): Workflow[] {
    return [...this.#workflows.values()].slice(-count).reverse()
  }

  async #keep(entry: Entry): Promise<void> {
    this.#remember(entry)
    await this.#journal.append(entry)
  }

  #remember(entry: Entry): void {
    if (entry.kind === 'network') {
      keep(this.#networks, entry.id, entry.network)
      return
    }
    const { kind, createdAt, ...workflow } = entry
    const network = this.#networks.get(workflow.networkId)
    if (network) keep(this.#workflows, workflow.id, { ...workflow, network, createdAt: new Date(createdAt) })
  }
}

function keep<Value>(map: Map<string, Value>, id: string, value: Value): void {
  const [oldest] = map.keys()
  if (map.size >= maxKept && oldest !== undefined) map.delete(oldest)
  map.set(id, value)
}
