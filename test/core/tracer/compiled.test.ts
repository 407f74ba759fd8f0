import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build, type Plugin } from 'esbuild'
import ts from 'typescript'

const run = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'triport-compiled-'))
after(() => rmSync(folder, { recursive: true }))

/** Lets tsc turn every file into JavaScript, so that esbuild only puts them together. */
function byTsc(experimentalDecorators: boolean): Plugin {
  const { ES2022: target } = ts.ScriptTarget
  const compilerOptions = { target, module: ts.ModuleKind.ES2022, experimentalDecorators }
  return {
    name: 'tsc',
    setup(bundle) {
      bundle.onLoad({ filter: /\.ts$/ }, ({ path }) => ({
        contents: ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions, fileName: path }).outputText,
        loader: 'js',
      }))
    },
  }
}

for (const compiler of ['esbuild', 'tsc'] as const) {
  for (const mode of ['stage 3', 'legacy'] as const) {
    test(`decorator and wrap hold what they claim when compiled by ${compiler}, with ${mode} decorators`, async () => {
      const experimentalDecorators = mode === 'legacy'
      const outfile = join(folder, `${compiler}-${experimentalDecorators}.mjs`)
      const contents = `import { decoratorClaims } from './decorated/claims.ts'; import './traced.test.ts'; decoratorClaims('${mode}')`
      await build({
        stdin: { contents, resolveDir: here, loader: 'ts' },
        ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'es2022', packages: 'external' },
        tsconfigRaw: { compilerOptions: { experimentalDecorators } },
        keepNames: true, // It renames decorated classes otherwise, and spans are named after them.
        ignoreAnnotations: true, // This package says that its files have no side effects: tests have.
        plugins: compiler === 'tsc' ? [byTsc(experimentalDecorators)] : [],
      })
      const { NODE_TEST_CONTEXT: _, ...env } = process.env
      const { stdout } = await run(process.execPath, ['--test-reporter=tap', outfile], { env })
      assert.ok(stdout.includes(`- ${mode} decorators: this is how the claims are compiled`))
      assert.match(stdout, /- an async generator runs every step in its span/)
      assert.match(stdout, /^# fail 0$/m)
    })
  }
}
