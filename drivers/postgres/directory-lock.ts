import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { TriportError } from '../../core/errors.js'
import { codeOf } from './failures.js'

/** Keeps other processes out of a directory. It is free when the process that has it ends, however it ends. */
export interface DirectoryLock {
  release(): Promise<void>
}

/** Who has a directory. */
interface Owner {
  readonly pid: number
  /** When the process started, as the system counts: another process may get its number. */
  readonly started: string
  readonly host: string
  readonly id: string
}

/**
 * Takes the directory for this process: by a file beside it that names the process. The file of a process that is gone counts for nothing.
 *
 * @throws `ERR_DRIVER_UNAVAILABLE` while another process has it.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const file = `${directory.replace(/\/+$/, '')}.lock`
  const owner: Owner = { pid: process.pid, started: await startOf(process.pid), host: hostname(), id: randomUUID() }
  const draft = `${file}.${owner.id}`
  await mkdir(dirname(file), { recursive: true })
  await writeFile(draft, JSON.stringify(owner))
  try {
    await take(file, draft, directory)
  } finally {
    await rm(draft, { force: true })
  }
  return {
    async release() {
      if ((await read(file))?.id === owner.id) await rm(file, { force: true })
    },
  }
}

async function take(file: string, draft: string, directory: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await link(draft, file) // In one step: it fails when there is one.
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    const owner = await read(file)
    if (attempt === 5 || (owner && (await isAlive(owner)))) throw taken(directory, owner)
    await clear(file, draft, owner)
  }
}

/** Removes the file of a process that is gone, unless another one has put its own there meanwhile. */
async function clear(file: string, draft: string, owner: Owner | undefined): Promise<void> {
  const aside = `${draft}.old`
  try {
    await rename(file, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  if ((await read(aside))?.id !== owner?.id) await link(aside, file).catch(() => {}) // Then somebody else has it again.
  await rm(aside, { force: true })
}

async function read(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Owner
  } catch {
    return undefined // Gone, or written by nobody of us.
  }
}

/** A process of another machine cannot be asked: it counts as alive. */
async function isAlive({ pid, started, host }: Owner): Promise<boolean> {
  if (host !== hostname()) return true
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  return (await startOf(pid)) === started
}

/** When a process started, in ticks since the machine did. Systems without /proc do not say. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function taken(directory: string, owner: Owner | undefined): TriportError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process'
  return new TriportError(
    'ERR_DRIVER_UNAVAILABLE',
    `${directory} is open in ${who}. One process at a time can have it. If that one is gone for sure, remove ${directory}.lock.`,
  )
}
