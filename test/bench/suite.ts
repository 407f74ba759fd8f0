import type { Workload } from './harness.js'

/** Workloads that are measured together. */
export interface Suite {
  readonly workloads: readonly Workload[]
  /** Of the peers and servers that take part. */
  readonly versions?: Readonly<Record<string, string>>
  /** Ends what the workloads share. */
  close?(): Promise<void>
}
