import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { entries, manifest } from './source/entries.js'
import { read, root } from './source/files.js'
import { exportedNames, loadedNames, undocumentedNames } from './source/names.js'

const snapshot = 'test/package/exports.json'
const { exports: subpaths, peerDependencies, peerDependenciesMeta, dependencies } = manifest()
const listed = entries()

test('every subpath is built from one entry, with types and default and nothing else', () => {
  const expected = listed.map(({ subpath, output }) => [
    subpath,
    { types: `./dist/${output}.d.ts`, default: `./dist/${output}.js` },
  ])
  assert.deepEqual(subpaths, Object.fromEntries([...expected, ['./package.json', './package.json']]))
})

test('typedoc documents every entry', () => {
  assert.deepEqual(
    config().typedocOptions.entryPoints,
    listed.map(({ source }) => source),
  )
})

test('the examples reach every entry by its public name, before anything is built', () => {
  const paths = listed.map(({ name, source }) => [name, [`./${source}`]])
  assert.deepEqual(config().compilerOptions.paths, Object.fromEntries(paths))
})

test('the package brings no dependency, and every peer is optional', () => {
  assert.equal(dependencies, undefined)
  for (const peer of Object.keys(peerDependencies)) assert.equal(peerDependenciesMeta[peer]?.optional, true, peer)
})

for (const { name, source } of listed) {
  test(`${name} exports at run time what it lists`, async () => {
    assert.ok(existsSync(`${root}${source}`), `${source} is missing`)
    const values = exportedNames(source).filter((exported) => !exported.startsWith('type '))
    assert.deepEqual(await loadedNames(source), values)
  })
}

test('every public name has a doc comment', () => {
  assert.deepEqual(new Set(listed.flatMap(({ source }) => undocumentedNames(source))), new Set())
})

test('the public names are those of exports.json', () => {
  const names = Object.fromEntries(listed.map(({ name, source }) => [name, exportedNames(source)]))
  if (process.env.TRIPORT_UPDATE) writeFileSync(`${root}${snapshot}`, `${JSON.stringify(names, null, 2)}\n`)
  assert.deepEqual(names, JSON.parse(read(snapshot)), 'On purpose? TRIPORT_UPDATE=1 npm test package/exports')
})

interface TsConfig {
  readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly string[]>> }
  readonly typedocOptions: { readonly entryPoints: readonly string[] }
}

function config(): TsConfig {
  return JSON.parse(read('tsconfig.json')) as TsConfig
}
