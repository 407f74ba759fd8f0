import { spawnSync } from 'node:child_process'

/** A Python that has a module, or the reason why there is none. */
export type Python =
  | { readonly file: string; readonly missing: false }
  | { readonly file?: undefined; readonly missing: string }

/**
 * Finds a Python with a module of Debian's. The one that comes first in PATH may be another's, without Debian's modules.
 *
 * @throws under CI, when there is none.
 */
export function pythonWith(module: string): Python {
  const has = (file: string) => spawnSync(file, ['-c', `import ${module}`]).status === 0
  const file = ['python3', '/usr/bin/python3'].find(has)
  if (file) return { file, missing: false }
  const reason = `No Python has ${module}: apt-get install python3-${module}.`
  if (process.env.CI) throw new Error(`${reason} Under CI that fails the tests.`)
  return { missing: reason }
}
