import { read } from './files.js'

/** A way into the package. */
export interface Entry {
  /** As users write it: `triport/core`. */
  readonly name: string
  /** As in `exports`: `./core`. */
  readonly subpath: string
  /** The built file without its extension: `core`. */
  readonly output: string
  /** The source file, from the root. */
  readonly source: string
}

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly files: readonly string[]
  readonly engines: { readonly node: string }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly tsup: { readonly entry: Readonly<Record<string, string>> }
}

export function manifest(): Manifest {
  return JSON.parse(read('package.json')) as Manifest
}

/** What tsup builds, which exports.test.ts holds against `exports`. */
export function entries(): Entry[] {
  const { name, tsup } = manifest()
  return Object.entries(tsup.entry).map(([output, source]) => {
    const subpath = output === 'index' ? '.' : `./${output}`
    return { name: `${name}${subpath.slice(1)}`, subpath, output, source }
  })
}
