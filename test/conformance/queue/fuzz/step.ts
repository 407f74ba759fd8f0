import type { QueueDriver } from '../../../../core/ports/queue.js'
import type { FuzzCommand } from '../../fast-check.js'
import { readAll } from './look.js'
import type { Sending } from './plans.js'
import { type Backend, driverOf, type Scene } from './scene.js'

/** One thing that happens. */
export type Step = FuzzCommand<Scene, Backend>

export interface Told {
  /** Adds a line to the story. */
  line(text: string): void
  /** Says what came of the last line. */
  reply(text: string): void
}

export type Play = (scene: Scene, backend: Backend, told: Told) => Promise<void>

/** A step, after which every job must be as the model has it. */
export function makeStep(text: string, play: Play, check: (scene: Readonly<Scene>) => boolean = () => true): Step {
  return {
    check,
    toString: () => text,
    async run(scene, backend) {
      const { story } = scene
      await play(scene, backend, {
        line: (line) => void story.push(line),
        reply: (reply) => void story.push(`${story.pop()}: ${reply}`),
      })
      await readAll(scene, backend)
    },
  }
}

interface SendOptions<Reply> {
  readonly worker: string
  readonly sending: Sending
  readonly backend: Backend
  call(driver: QueueDriver): Promise<Reply>
  /** Whether a reply looks like that of a call that came second. */
  isLater(reply: Reply): boolean
}

/** Makes a call as often as planned. Replies of calls at the same time are put in the order in which the driver took them. */
export async function send<Reply>({ worker, sending, backend, call, isLater }: SendOptions<Reply>): Promise<Reply[]> {
  const driver = driverOf(backend, worker)
  if (sending === 'once') return [await call(driver)]
  if (sending === 'again') return [await call(driver), await call(driver)]
  const [one, two] = await Promise.all([call(driver), call(backend.drivers.at(-1) ?? driver)])
  return isLater(one) ? [two, one] : [one, two]
}

export function often(sending: Sending): string {
  return { once: '', again: ', hears nothing, and sends it again', 'at once': ', twice at once' }[sending]
}

export function lostReply(lost: boolean): string {
  return lost ? ', hears nothing, and sends it again' : ''
}
