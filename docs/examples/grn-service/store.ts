import { randomUUID } from 'node:crypto'
import { createNetworkUpdateMessage, type Rooms, traceFunction } from 'triport'
import type { Network } from './network.js'

/** What a workflow belongs to. */
export interface Workflow {
  readonly jobId: string
  readonly networkId: string
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

  addWorkflow(id: string, workflow: Workflow): void {
    keep(this.#workflows, id, workflow)
  }

  workflow(id: string): Workflow | undefined {
    return this.#workflows.get(id)
  }
}

function keep<Value>(map: Map<string, Value>, id: string, value: Value): void {
  const [oldest] = map.keys()
  if (map.size >= maxKept && oldest !== undefined) map.delete(oldest)
  map.set(id, value)
}
