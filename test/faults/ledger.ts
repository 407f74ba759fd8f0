import { appendFileSync, readFileSync } from 'node:fs'

/**
 * What a process of the program did. `ran`: an attempt began. `completed`: the queue confirmed that the job is. `acknowledged`,
 * `published`: the process itself has enqueued a job, or published a message. `reported`: a failure that had no caller.
 */
export type Deed = 'ran' | 'completed' | 'acknowledged' | 'published' | 'reported'

export interface Entry {
  readonly at: number
  readonly deed: Deed
  /** The number of the job or the message, or the report. */
  readonly subject: string
  readonly attempt: number
}

/**
 * Writes down what a process does, apart from the backend that is under test. A line is in the hands of the kernel when this returns, so
 * `kill -9` loses none.
 */
export function ledgerAt(file: string): (deed: Deed, subject: string | number, attempt?: number) => void {
  return (deed, subject, attempt = 0) =>
    appendFileSync(file, `${JSON.stringify([Date.now(), deed, subject, attempt])}\n`)
}

/** Reads a ledger as it grows. */
export function ledgerReader(file: string): () => readonly Entry[] {
  const entries: Entry[] = []
  let read = 0
  return () => {
    const text = readText(file)
    const end = text.lastIndexOf('\n') + 1
    for (const line of text.slice(read, end).split('\n').filter(Boolean)) {
      const [at, deed, subject, attempt] = JSON.parse(line) as [number, Deed, unknown, number]
      entries.push({ at, deed, subject: String(subject), attempt })
    }
    read = end
    return entries
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '' // Nothing has happened yet.
    throw error
  }
}
