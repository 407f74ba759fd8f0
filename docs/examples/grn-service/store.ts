import { randomUUID } from 'node:crypto'
import { createNetworkUpdateMessage, type Rooms, traceFunction } from 'triport'
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

/** The newest are kept. A real service would keep all of them in its database. */
const maxKept = 1000

/** The networks and workflows of this process. */
export class Store {
  readonly #rooms: Rooms
  readonly #networks = new Map<string, Network>()
  readonly #workflows = new Map<string, Workflow>()

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  @traceFunction('create_network', { operation: 'create' })
  async createNetwork(network: Network): Promise<string> {
    const id = randomUUID()
    keep(this.#networks, id, network)
    const summary = { name: network.name, model: network.model, nodes: network.nodes.length }
    await this.#rooms.broadcastToRoom(`network:${id}`, createNetworkUpdateMessage(id, 'created', summary))
    return id
  }

  network(id: string): Network | undefined {
    return this.#networks.get(id)
  }

  addWorkflow(workflow: Workflow): void {
    keep(this.#workflows, workflow.id, workflow)
  }

  workflow(id: string): Workflow | undefined {
    return this.#workflows.get(id)
  }

  /** The newest workflows, the newest first. */
  newest(count: number): Workflow[] {
    return [...this.#workflows.values()].slice(-count).reverse()
  }
}

function keep<Value>(map: Map<string, Value>, id: string, value: Value): void {
  const [oldest] = map.keys()
  if (map.size >= maxKept && oldest !== undefined) map.delete(oldest)
  map.set(id, value)
}
