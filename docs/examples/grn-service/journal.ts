import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Entries that were written down, and room for more. */
export interface Journal<Entry> {
  /** Those of before, the oldest first. */
  readonly entries: readonly Entry[]
  append(entry: Entry): Promise<void>
}

/** Writes nothing down: what was there before is nothing. */
export const noJournal: Journal<never> = { entries: [], append: async () => {} }

/** A file with one entry per line. It serves one process: a service of several keeps such things in its database. */
export async function openJournal<Entry>(folder: string): Promise<Journal<Entry>> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'journal.jsonl')
  const lines = (await textOf(file)).split('\n').filter((line) => line !== '')
  return {
    entries: lines.flatMap((line) => entryIn<Entry>(line)),
    // Begins with the line break: the line of a process that was killed while it wrote is left alone.
    append: (entry) => appendFile(file, `\n${JSON.stringify(entry)}`),
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function entryIn<Entry>(line: string): Entry[] {
  try {
    return [JSON.parse(line)]
  } catch {
    return [] // Cut off.
  }
}
