/** The names of the tasks that are the library's own. Every worker knows them. */
export const helperTasks = {
  /** The workflow itself: ends the whole. */
  workflow: 'triport.workflow',
  /** Finds out the members of a map and enqueues them. */
  map: 'triport.map',
  /** Ends a group. */
  end: 'triport.end',
} as const

/** What names of the library's own tasks begin with. */
const prefix = 'triport.'

/** Whether a task is the library's own. */
export function isHelperTask(name: string): boolean {
  return name.startsWith(prefix)
}
