import { posix } from 'node:path'
import type { Files } from './files.js'
import { type Import, importsOf } from './imports.js'

/** What the files that match may import. A name that ends with a slash is a folder, `node:` is all of Node. */
interface Boundary {
  readonly files: RegExp
  readonly may: readonly string[]
  /** Packages that may be loaded. Always as an optional peer, by a dynamic import, unless bundled. */
  readonly packages?: readonly string[]
  /** May load a module that a caller names. */
  readonly named?: true
  /** Packages of which only types may be imported. */
  readonly types?: readonly string[]
}

/** The dependency rule. The first row that matches a file counts. */
export const boundaries: readonly Boundary[] = [
  { files: /^core\//, may: ['core/'] },
  { files: /^drivers\/[^/]+\.ts$/, may: ['core/', 'drivers/'], packages: ['croner'] },
  { files: /^drivers\/memory\//, may: ['core/', 'drivers/memory/', 'node:'] },
  { files: /^drivers\/thread\//, may: ['core/', 'drivers/thread/', 'node:'], named: true },
  { files: /^drivers\/reach\//, may: ['core/', 'drivers/reach/', 'node:'] },
  { files: /^drivers\/channels\//, may: ['core/', 'drivers/channels/', 'node:'] },
  { files: /^drivers\/redis\//, may: ['core/', 'drivers/redis/', 'node:'], packages: ['ioredis'] },
  {
    files: /^drivers\/postgres\//,
    may: ['core/', 'drivers/postgres/', 'node:'],
    packages: ['pg', 'pg-boss', '@electric-sql/pglite'],
  },
  {
    files: /^drivers\/opentelemetry\//,
    may: ['core/', 'drivers/opentelemetry/', 'node:'],
    packages: ['@opentelemetry/', '@grpc/grpc-js'],
  },
  { files: /^adapters\/index\.ts$/, may: ['core/', 'adapters/'] },
  { files: /^adapters\/browser\//, may: ['core/protocol/', 'adapters/browser/'] },
  { files: /^adapters\/node\//, may: ['core/', 'adapters/node/', 'node:'], packages: ['ws'] },
  { files: /^adapters\/express\//, may: ['core/', 'adapters/express/', 'adapters/node/', 'node:'], types: ['express'] },
  { files: /^adapters\/koa\//, may: ['core/', 'adapters/koa/', 'adapters/node/', 'node:'], types: ['koa'] },
  { files: /^adapters\/cli\//, may: ['core/', 'adapters/cli/', 'adapters/node/', 'node:'] },
  { files: /^adapters\/dashboard\//, may: ['core/', 'adapters/dashboard/', 'adapters/node/', 'node:'] },
]

/** Everything wrong with what the library's files import, as `file:line problem`. */
export function boundaryViolations(files: Files): string[] {
  return [...files].flatMap(([path, text]) => {
    if (!/^(core|drivers|adapters)\//.test(path)) return []
    const boundary = boundaries.find((row) => row.files.test(path))
    if (!boundary) return [`${path}:1 is in a folder that no row of the dependency rule names`]
    return importsOf(path, text).flatMap((mention) => {
      const problem = problemOf(path, mention, boundary, files)
      return problem ? [`${path}:${mention.line} ${problem}`] : []
    })
  })
}

/** The files that a file imports, types included, as paths from the root. */
export function targetsOf(path: string, text: string): string[] {
  return importsOf(path, text)
    .map(({ specifier }) => specifier)
    .filter((specifier) => specifier?.startsWith('.') === true)
    .map((specifier) => resolveImport(path, specifier ?? ''))
}

function problemOf(path: string, mention: Import, boundary: Boundary, files: Files): string | undefined {
  const { specifier } = mention
  if (specifier === undefined) return boundary.named ? undefined : 'loads a module whose name is not a literal'
  if (specifier.startsWith('.')) return problemOfFile(resolveImport(path, specifier), specifier, boundary, files)
  if (specifier.startsWith('node:')) {
    return boundary.may.includes('node:') ? undefined : `imports "${specifier}": no Node here`
  }
  if (allows(boundary.packages, specifier)) return undefined
  if (allows(boundary.types, specifier)) {
    return mention.typeOnly ? undefined : `imports "${specifier}": its types only, please`
  }
  return `imports "${specifier}": not a package of this folder`
}

function problemOfFile(target: string, specifier: string, boundary: Boundary, files: Files): string | undefined {
  if (!specifier.endsWith('.js')) return `imports "${specifier}": a path ends with .js`
  if (!boundary.may.some((folder) => target.startsWith(folder))) return `imports "${target}": outside its boundary`
  return files.has(target) ? undefined : `imports "${target}": no such file`
}

function allows(packages: readonly string[] | undefined, specifier: string): boolean {
  return !!packages?.some((name) => specifier === name || specifier.startsWith(name.endsWith('/') ? name : `${name}/`))
}

/** The source file that a relative import means. */
export function resolveImport(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts')
}
