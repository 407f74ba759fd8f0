import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))
let bundled: Promise<string> | undefined

/** The program in one file of JavaScript. Scenarios start many processes, and compiling it in each would take longer than the faults. */
export function programFile(): Promise<string> {
  bundled ??= bundle()
  return bundled
}

async function bundle(): Promise<string> {
  const outfile = join(root, `node_modules/.cache/triport/faults/program-${process.pid}.mjs`)
  await build({
    entryPoints: [join(root, 'test/faults/program.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node22',
    logLevel: 'error',
  })
  return outfile
}
