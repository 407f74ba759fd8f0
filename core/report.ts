/** Where in the runtime a background failure happened, and the ids that belong to it. */
export interface ReportDetails {
  /** For example `worker.claim`, `task.run` or `rooms.heartbeat`. */
  readonly stage: string
  readonly [detail: string]: string | number | boolean | undefined
}

/** Takes a failure that has no caller to reject to. It never throws. */
export type Report = (error: unknown, details: ReportDetails) => void

/** Drops what is reported: for callers whose failures have reached somebody already. */
export const ignore: Report = () => {}
