/** A frame as a listener has it. */
export interface Told {
  readonly at: number
  readonly type: string
  /** Only messages have one. */
  readonly id?: string
  /** Messages of the scenario have their number. */
  readonly data?: unknown
  readonly seq?: number
  readonly epoch?: string
  readonly from?: number
  readonly to?: number
  readonly state?: string
}

/** What one listener has to say about the messages that were published. */
export interface Verdict {
  /** Acknowledged, not heard, and nothing said so. */
  readonly lost: readonly number[]
  /** Acknowledged and not heard, but the listener was told of a hole there. */
  readonly excused: readonly number[]
  readonly doubled: readonly number[]
  /** Heard after one that was published later. */
  readonly disordered: readonly number[]
  /** How often it was told of a hole: RESET and GAP. */
  readonly holes: number
}

/**
 * Judges what a listener heard after it was in. A RESET begins anew: the log is another one, and its newest message may have been heard.
 *
 * @param published The numbers of the messages that were acknowledged, each published when the one before was.
 */
export function judge(told: readonly Told[], published: readonly number[]): Verdict {
  const frames = told.slice(told.findIndex(({ type }) => type === 'SUBSCRIBED') + 1)
  const holes = frames.flatMap(({ type }, index) => (type === 'RESET' || type === 'GAP' ? [index] : []))
  const heard = frames.flatMap(({ id, data }, index) => (id === undefined ? [] : [{ n: Number(data), index }]))
  const places = new Map(heard.map(({ n, index }) => [n, index]))
  const missing = published.filter((n) => !places.has(n))
  const excused = missing.filter((n) => {
    const before = heard.findLast((message) => message.n < n)?.index ?? -1
    const after = heard.find((message) => message.n > n)?.index ?? frames.length
    return holes.some((index) => index > before && index < after)
  })
  return {
    lost: missing.filter((n) => !excused.includes(n)),
    excused,
    ...repetitions(frames),
    holes: holes.length,
  }
}

/** Messages that came before, and those that come after a higher one. */
function repetitions(frames: readonly Told[]): Pick<Verdict, 'doubled' | 'disordered'> {
  const doubled: number[] = []
  const disordered: number[] = []
  let heard = new Set<number>()
  let highest = -Infinity
  for (const { type, id, data } of frames) {
    const n = Number(data)
    if (type === 'RESET') {
      heard = new Set()
      highest = -Infinity
    } else if (id !== undefined) {
      if (heard.has(n)) doubled.push(n)
      else if (n < highest) disordered.push(n)
      heard.add(n)
      highest = Math.max(highest, n)
    }
  }
  return { doubled, disordered }
}
