/** Where in the runtime a background failure happened, and the ids that belong to it. */
export interface ReportDetails {
  /** For example `worker.claim`, `task.run` or `rooms.heartbeat`. */
  readonly stage: string
  readonly [detail: string]: string | number | boolean | undefined
}

/** Takes a failure that has no caller to reject to. It never throws. */
export type Report = (error: unknown, details: ReportDetails) => void

/** Calls `report`, and tells `otherwise` what was to be reported when that throws or rejects. */
export function guarded(report: Report, otherwise: Report): Report {
  return (error, details) => {
    const failed = (failure: unknown) => {
      otherwise(error, details)
      otherwise(failure, { stage: 'report' })
    }
    try {
      const told: unknown = report(error, details)
      if (told instanceof Promise) told.catch(failed)
    } catch (failure) {
      failed(failure)
    }
  }
}

/** Drops what is reported: for callers whose failures have reached somebody already. */
export const ignore: Report = () => {}
