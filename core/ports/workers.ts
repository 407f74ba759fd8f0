/** A worker as it announced itself. */
export interface WorkerRecord {
  readonly id: string
  /** What the core knows of it (host, version, queues, what it runs): encoded, opaque. */
  readonly info: string
  /** Server time of the announcement, in milliseconds since the epoch. */
  readonly seenAt: number
}

/**
 * Knows which workers there are.
 *
 * - An announcement MUST be gone `ttl` milliseconds after it was made last, or when it was withdrawn.
 */
export interface WorkerRegistry {
  announceWorker(worker: { readonly id: string; readonly info: string; readonly ttl: number }): Promise<void>
  withdrawWorker(id: string): Promise<void>
  /** In the order of their ids. */
  workers(): Promise<readonly WorkerRecord[]>
}
