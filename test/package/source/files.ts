import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Text of files by path from the root of the repository, with forward slashes. */
export type Files = ReadonlyMap<string, string>

export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The TypeScript files of the repository. */
export function sourceFiles(): Files {
  const paths = globSync('{core,drivers,adapters,test,docs}/**/*.{ts,tsx,mts,cts}', { cwd: root, exclude: ignored })
  return new Map(paths.sort().map((path) => [path.replaceAll('\\', '/'), read(path)]))
}

/** What git has, and what it would add: not what .gitignore names. */
export function committedPaths(): string[] {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  return execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean)
}

export function read(path: string): string {
  return readFileSync(`${root}${path}`, 'utf8')
}

const ignored = ['**/node_modules/**', 'docs/api/**']
