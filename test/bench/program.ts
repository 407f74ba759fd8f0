/** What the process was started to measure. */
export function question<T>(): T {
  return JSON.parse(process.argv[2] ?? '{}') as T
}

/** Seconds that this process has computed so far, in all of its threads: others may have the machine meanwhile. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Tells the process that asked, and what it asks later. It ends this one by ending their link. */
export function answer(value: unknown, later: (question: never) => unknown = cpuSeconds): void {
  process.once('disconnect', () => process.exit())
  process.on('message', async (question) => process.send?.(await later(question as never)))
  process.send?.(value)
}
