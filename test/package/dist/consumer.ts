import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../source/files.js'

/** A project that has installed the packed package, and nothing else. */
export interface Consumer {
  readonly folder: string
  /** Writes a file and runs it with a Node, or with any other program. Returns what it prints. */
  run(node: string, file: string, code: string): string
  remove(): void
}

export function createConsumer(): Consumer {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'triport-consumer-')))
  const npm = (...args: string[]): string => {
    return execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }))
  const [packed] = JSON.parse(npm('pack', '--json', '--ignore-scripts', root)) as { filename: string }[]
  npm('install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', `./${packed?.filename}`)
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types')) // what its author has installed
  return {
    folder,
    run(program, file, code) {
      writeFileSync(join(folder, file), code)
      const env = { PATH: process.env.PATH } // not this run's NODE_OPTIONS and NODE_TEST_CONTEXT
      return execFileSync(program, [file], { cwd: folder, encoding: 'utf8', env, timeout: 60_000, stdio: 'pipe' })
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The Nodes that the built package must run on, or why one of them is missing. */
export function nodes(): { name: string; file: string; missing: false | string }[] {
  const oldest = join(root, 'test/package/node22/node_modules/.bin/node')
  const missing = existsSync(oldest) ? false : 'Not installed: npm ci --prefix test/package/node22'
  if (missing && process.env.CI) throw new Error(missing)
  return [
    { name: `Node ${process.version}`, file: process.execPath, missing: false },
    { name: 'the oldest supported Node', file: oldest, missing },
  ]
}
