/** When something happens again and again. Moments are milliseconds since the epoch. */
export interface Recurrence {
  /** The first moment after this one; `undefined` when there is none. */
  next(after: number): number | undefined
  /** The last moment before this one; `undefined` when there is none. */
  previous(before: number): number | undefined
}

/**
 * Reads a cron pattern of five or six fields, or a nickname such as `@daily`, in an IANA time zone.
 *
 * @throws an error whose message says what is wrong with the pattern.
 */
export type ReadCron = (pattern: string, timeZone: string) => Recurrence

/** Every `length` milliseconds, counted from the epoch: all who compute it agree. */
export function interval(length: number): Recurrence {
  return {
    next: (after) => (Math.floor(after / length) + 1) * length,
    previous: (before) => (Math.ceil(before / length) - 1) * length,
  }
}

/** The moments after `after` up to and with `until`, oldest first: the newest `max` of them. */
export function newest(
  recurrence: Recurrence,
  { after, until, max }: { readonly after: number; readonly until: number; readonly max: number },
): number[] {
  const moments: number[] = []
  let moment = recurrence.previous(until + 1)
  while (moment !== undefined && moment > after && moments.length < max) {
    moments.push(moment)
    moment = recurrence.previous(moment)
  }
  return moments.reverse()
}
