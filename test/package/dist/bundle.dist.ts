import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import ts from 'typescript'
import { root } from '../source/files.js'
import { importsOf } from '../source/imports.js'

const kilobyte = 1024

test('triport/core bundles for any runtime: no Node, no package, at most 72 KiB compressed', async () => {
  // Platform "neutral" knows no built-in module, so that a stray import fails here.
  const { outputFiles } = await build({
    entryPoints: [`${root}dist/core.js`],
    ...{ bundle: true, minify: true, write: false, format: 'esm', platform: 'neutral', logLevel: 'silent' },
  })
  const [output] = outputFiles
  assert.ok(output)
  const strays = output.text.match(/["'`]node:\w*|\brequire\(|(?<!\.)\bprocess\.\w+|\bBuffer\b/g)
  assert.deepEqual(strays, null)
  const size = gzipSync(output.contents).length
  assert.ok(size <= 72 * kilobyte, `${size} bytes`)
})

test('the built files import nothing but each other, Node and optional peers by a dynamic import, and a thread its module', () => {
  const { peerDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest
  for (const path of globSync('dist/**/*.js', { cwd: root })) {
    for (const { specifier = '(computed)' } of importsOf(path, readFileSync(`${root}${path}`, 'utf8'))) {
      const known = /^(node:|\.\.?\/)/.test(specifier) || Object.hasOwn(peerDependencies, specifier)
      assert.ok(known || `${path} ${specifier}` === 'dist/thread.js (computed)', `${path} imports ${specifier}`)
    }
  }
})

test('croner is in one file, with its licence, that is only loaded for a cron pattern', () => {
  const texts = new Map(
    globSync('dist/**/*.js', { cwd: root }).map((path) => [path, readFileSync(`${root}${path}`, 'utf8')]),
  )
  const licence = readFileSync(`${root}node_modules/croner/LICENSE`, 'utf8').replaceAll('\r', '').trim()
  const holding = [...texts].filter(([, text]) => text.includes('CronPattern')).map(([path]) => path)
  assert.equal(holding.length, 1)
  const [file = ''] = holding
  assert.ok(texts.get(file)?.includes(licence))
  const name = `./${file.replace(/^dist[\\/]/, '')}`
  const mentions = [...texts]
    .flatMap(([path, text]) => importsOf(path, text))
    .filter(({ specifier }) => specifier === name)
  assert.ok(mentions.length > 0 && [...texts.values()].every((text) => !text.includes(`from "${name}"`)))
})

test('the declarations name no type of a library', () => {
  const paths = globSync('dist/**/*.d.ts', { cwd: root })
  assert.ok(paths.length > 0)
  for (const path of paths) {
    for (const { specifier = '(computed)' } of importsOf(path, readFileSync(`${root}${path}`, 'utf8'))) {
      assert.match(specifier, /^(node:|\.\.?\/)/, `${path} imports ${specifier}`)
    }
  }
})

test('nothing built waits at its top level, so that require() can load it', () => {
  for (const path of globSync('dist/**/*.js', { cwd: root })) {
    const file = ts.createSourceFile(path, readFileSync(`${root}${path}`, 'utf8'), ts.ScriptTarget.Latest, true)
    assert.ok(!awaits(file), path)
  }
})

interface Manifest {
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** Whether a node awaits outside of functions. */
function awaits(node: ts.Node): boolean {
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) return true
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false
  return ts.forEachChild(node, awaits) ?? false
}
