import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** Where peers are found from, for programs that are built somewhere else. */
export const peersFrom = import.meta.url

/** A peer's module, `undefined` with a hint when it is not installed. Peers are installed apart, so that no test needs them. */
export async function peer<T>(name: string, from = peersFrom): Promise<T | undefined> {
  try {
    return (await import(createRequire(from).resolve(name))) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    console.error(`${name} is not installed and left out. To measure it: npm ci --prefix test/bench`)
    return undefined
  }
}

/** The versions of the peers that are installed. */
export function peerVersions(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      try {
        return [[name, (require(`${name}/package.json`) as { version: string }).version]]
      } catch {
        return [] // Not installed: it is not measured either.
      }
    }),
  )
}
