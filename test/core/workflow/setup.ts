import { derivedId } from '../../../core/ids.js'
import type { FakeClock } from '../../kit/clock.js'

/** Moves time on in small steps. Ids are made in another thread, and time must not run away from it. */
export async function advance(clock: FakeClock, ms: number, step = 1_000): Promise<void> {
  for (let left = ms; left > 0; left -= step) {
    await derivedId('', '')
    await clock.advance(Math.min(left, step))
  }
  await settle(clock)
}

/** Lets everything that is under way come to rest, the making of ids included. */
export async function settle(clock: FakeClock): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await derivedId('', '')
    await clock.advance(0)
  }
}
