// Publishes what it is asked for.
import { setTimeout as sleep } from 'node:timers/promises'
import { turn } from '../harness.js'
import { answer, question } from '../program.js'
import { now } from './now.js'
import { type RelaySubject, relayNode } from './subjects.js'

/** Messages with these numbers, the last one left out: with so many milliseconds between them, with 0 one each turn of the event loop, or at once. */
export interface PublishOrder {
  readonly from: number
  readonly to: number
  readonly pace?: number
}

const publisher = await relayNode(question<RelaySubject>())

/** Answers when each left, in milliseconds. */
async function publish({ from, to, pace }: PublishOrder): Promise<number[]> {
  const sent: number[] = []
  const published: unknown[] = []
  for (let number = from; number < to; number++) {
    if (pace !== undefined) await (pace > 0 ? sleep(pace) : turn())
    sent.push(now())
    published.push(publisher.publish(number))
    if (pace !== undefined) await published.pop()
  }
  await Promise.all(published)
  return sent
}

answer('ready', publish)
