import type { Job } from '../queue/job.js'
import type { TaskQueue } from '../queue/queue.js'
import type { AnyTask, TaskContext, TaskRegistry } from '../queue/task.js'
import type { Report } from '../report.js'
import type { Rooms } from '../rooms/hub.js'
import { type CarriedStep, unpack } from './carried-step.js'

/** What can be asked of a job by its id. */
export type JobMethod = Exclude<keyof Job, 'id' | 'key' | 'deduplicated'>

/** What a guest needs its host for. Arguments and results are such that the codec carries them. */
export interface HostCalls extends Pick<Rooms, 'broadcastToRoom' | 'broadcastToAll' | 'sendToConnection'> {
  progress(percent: number, data?: object): Promise<void>
  /** Reports progress that cannot be carried. */
  refused(error: unknown): Promise<void>
  log(message: string, data?: unknown): Promise<void>
  enqueue(step: CarriedStep, input: unknown, options?: object): Promise<Pick<Job, 'id' | 'key' | 'deduplicated'>>
  job(id: string, method: JobMethod, ...args: readonly unknown[]): Promise<unknown>
}

export interface HostCallsDeps {
  readonly task: AnyTask
  readonly ctx: TaskContext
  readonly queue: TaskQueue
  readonly tasks: TaskRegistry
  readonly report: Report
}

/** Answers the calls of one run. */
export function createHostCalls({ task, ctx, queue, tasks, report }: HostCallsDeps): HostCalls {
  const { rooms, progress, log } = ctx
  return {
    progress,
    refused: async (error) => report(error, { stage: 'task.progress', task: task.name, job: ctx.jobId }),
    log: async (message, data) => log(message, data),
    broadcastToRoom: (...args) => rooms.broadcastToRoom(...args),
    broadcastToAll: (...args) => rooms.broadcastToAll(...args),
    sendToConnection: (...args) => rooms.sendToConnection(...args),
    async enqueue(step, input, options) {
      const { id, key, deduplicated } = await ctx.enqueue(unpack(step, tasks), ...([input, options] as never[] as []))
      return { id, key, deduplicated }
    },
    job(id, method, ...args) {
      const job = queue.job(id)
      return Reflect.apply(job[method], job, args)
    },
  }
}
