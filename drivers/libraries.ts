import { isTriportError } from '../core/errors.js'
import type { Found } from './addresses.js'
import { loadPg, loadPglite } from './postgres/libraries.js'
import { loadLibrary as loadRedis } from './redis/library.js'

type Needed = Readonly<Record<string, () => Promise<unknown>>>

/** The packages that the driver of an address needs, and that are not installed. */
export async function missingLibraries(address: Found): Promise<readonly string[]> {
  return missingOf(neededBy(address))
}

export async function missingOf(needed: Needed): Promise<readonly string[]> {
  const looks = Object.entries(needed).map(async ([name, load]) => ((await isInstalled(load)) ? [] : [name]))
  return (await Promise.all(looks)).flat()
}

function neededBy({ driver, option }: Found): Needed {
  if (driver === 'redis') return { ioredis: loadRedis }
  return option === 'dataDir' ? { '@electric-sql/pglite': loadPglite } : { pg: loadPg }
}

async function isInstalled(load: () => Promise<unknown>): Promise<boolean> {
  try {
    await load()
    return true
  } catch (error) {
    if (isTriportError(error, 'ERR_PEER_MISSING')) return false
    throw error
  }
}
