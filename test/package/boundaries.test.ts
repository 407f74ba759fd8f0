import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { boundaryViolations } from './source/boundaries.js'
import { entries } from './source/entries.js'
import { committedPaths, type Files, read, sourceFiles } from './source/files.js'
import { leftOut, sleeps } from './source/habits.js'
import { lockProblems, strayTopLevel } from './source/repository.js'
import { barrels, cycles, tooLong } from './source/shape.js'

/** What, where and how: each breaks the dependency rule once. */
const violations: readonly (readonly [what: string, path: string, text: string])[] = [
  ['core imports Node', 'core/bad.ts', "import { readFile } from 'node:fs'"],
  ['core imports Node by its old name', 'core/bad.ts', "import fs from 'fs'"],
  ['core imports types of Node', 'core/bad.ts', "import type { Server } from 'node:http'"],
  ['core names types of Node', 'core/bad.ts', "export type S = import('node:http').Server"],
  ['core refers to types of Node', 'core/bad.ts', '/// <reference types="node" />'],
  ['core imports a package', 'core/bad.ts', "import pg from 'pg'"],
  ['core imports a package lazily', 'core/bad.ts', "export const load = () => import('pg')"],
  ['core requires a package', 'core/bad.ts', "const pg = require('pg')"],
  ['core imports a package the CommonJS way', 'core/bad.ts', "import pg = require('pg')"],
  ['core re-exports from a package', 'core/bad.ts', "export { Pool } from 'pg'"],
  ['core re-exports all of a package', 'core/bad.ts', "export * from 'pg'"],
  ['core imports a driver', 'core/bad.ts', "import { queue } from '../drivers/memory/queue.js'"],
  ['core imports types of a driver', 'core/bad.ts', "import type { Queue } from '../drivers/memory/queue.js'"],
  ['core imports an adapter', 'core/bad.ts', "import '../adapters/node/index.js'"],
  ['core imports the tests', 'core/bad.ts', "import '../test/kit/index.js'"],
  ['core loads what it computes', 'core/bad.ts', 'export const load = (name: string) => import(name)'],
  ['core loads from a template', 'core/bad.ts', 'export const load = (name: string) => import(``.concat(name))'],
  ['core imports itself by name', 'core/bad.ts', "import { createRuntime } from 'triport'"],
  ['core imports a file that is not there', 'core/bad.ts', "import './missing.js'"],
  ['core imports a file by its source name', 'core/bad.ts', "import './good.ts'"],
  ['core imports a folder', 'core/bad.ts', "import './queue'"],
  ['a driver imports another driver', 'drivers/redis/bad.ts', "import '../memory/queue.js'"],
  ['a driver imports an adapter', 'drivers/memory/bad.ts', "import '../../adapters/node/index.js'"],
  ['a driver imports the library of another', 'drivers/redis/bad.ts', "import pg from 'pg'"],
  ['a driver imports the composition root', 'drivers/memory/bad.ts', "import { table } from '../index.js'"],
  ['a driver loads what it computes', 'drivers/memory/bad.ts', 'export const load = (name: string) => import(name)'],
  ['the thread driver imports another driver', 'drivers/thread/bad.ts', "import '../memory/queue.js'"],
  ['the memory driver imports a package', 'drivers/memory/bad.ts', "import { Redis } from 'ioredis'"],
  ['the composition root imports Node', 'drivers/bad.ts', "import 'node:net'"],
  ['the composition root imports an adapter', 'drivers/bad.ts', "import '../adapters/node/index.js'"],
  ['an adapter imports a driver', 'adapters/node/bad.ts', "import '../../drivers/memory/queue.js'"],
  ['an adapter imports another adapter', 'adapters/node/bad.ts', "import '../express/index.js'"],
  ['the http entry imports a driver', 'adapters/index.ts', "import '../drivers/memory/queue.js'"],
  ['the http entry imports Node', 'adapters/index.ts', "import 'node:http'"],
  ['the express adapter loads express', 'adapters/express/bad.ts', "import express from 'express'"],
  [
    'the express adapter loads express beside a type',
    'adapters/express/bad.ts',
    "import { type Express, Router } from 'express'",
  ],
  ['the browser client imports more of core', 'adapters/browser/bad.ts', "import '../../core/good.js'"],
  ['the browser client imports Node', 'adapters/browser/bad.ts', "import 'node:url'"],
  ['the browser client imports the node adapter', 'adapters/browser/bad.ts', "import '../node/index.js'"],
  ['a folder without a rule', 'adapters/fastify/index.ts', 'export {}'],
]

/** Breaks no rule, and has what the violations point at. */
const good = tree({
  'core/good.ts':
    "import type { Frame } from './protocol/frames.js'\n// import 'node:fs'\nexport const text = \"import 'node:fs'\"",
  'core/protocol/frames.ts': 'export {}',
  'drivers/index.ts': "import { queue } from './memory/queue.js'\nexport const load = () => import('./redis/queue.js')",
  'drivers/memory/queue.ts': "import { AsyncLocalStorage } from 'node:async_hooks'\nimport '../../core/good.js'",
  'drivers/thread/thread.ts': 'export const load = (module: string) => import(module)',
  'drivers/redis/queue.ts': "export const load = () => import('ioredis')",
  'adapters/index.ts': "import './express/index.js'",
  'adapters/node/index.ts': "import { WebSocketServer } from 'ws'",
  'adapters/express/index.ts': "import type { Express } from 'express'\nimport '../node/index.js'",
  'adapters/browser/client.ts': "import '../../core/protocol/frames.js'",
  'test/kit/index.ts': "import '../../drivers/index.js'",
})

const files = sourceFiles()
const entryFiles = new Set(entries().map(({ source }) => source))

describe('the repository', () => {
  test('no file imports across its boundary', () => assert.deepEqual(boundaryViolations(files), []))
  test('no files import each other in a circle, types included', () => assert.deepEqual(cycles(files), []))
  test('no file is longer than 400 lines', () => assert.deepEqual(tooLong(files), []))
  test('public names are listed in the entries, one by one', () => assert.deepEqual(barrels(files, entryFiles), []))
  test('no test sleeps', () => assert.deepEqual(sleeps(files), []))
  test('no test is left out without a reason', () => assert.deepEqual(leftOut(files), []))
  test('the top level holds what is agreed and nothing else', () => {
    assert.deepEqual(strayTopLevel(committedPaths()), [])
  })
  test('lock files name no registry', () => {
    const locks = committedPaths().filter((path) => path.endsWith('package-lock.json'))
    assert.ok(locks.includes('package-lock.json'))
    assert.deepEqual(
      locks.flatMap((path) => lockProblems(path, read(path))),
      [],
    )
  })
})

describe('a planted violation is caught:', () => {
  for (const [what, path, text] of violations) {
    test(`${what}`, () => {
      const planted = new Map([...good, [path, text]])
      assert.equal(boundaryViolations(planted).length, 1)
      assert.match(boundaryViolations(planted)[0] ?? '', new RegExp(`^${path}:1 `))
    })
  }

  test('nothing, where all is well', () => {
    assert.deepEqual(boundaryViolations(good), [])
    assert.deepEqual(cycles(good), [])
  })

  test('a circle, also when one of its imports is of types only', () => {
    const circle = { 'core/a.ts': "import { b } from './b.js'", 'core/b.ts': "import type { A } from './a.js'" }
    assert.deepEqual(cycles(tree(circle)), ['core/a.ts > core/b.ts > core/a.ts'])
    assert.deepEqual(cycles(tree({ 'core/a.ts': "type A = import('./a.js').A" })), ['core/a.ts > core/a.ts'])
    const long = {
      'test/a.ts': "import './b.js'",
      'test/b.ts': "import('./c.js')",
      'test/c.ts': "export { a } from './a.js'",
    }
    assert.deepEqual(cycles(tree(long)), ['test/a.ts > test/b.ts > test/c.ts > test/a.ts'])
  })

  test('a file of 401 lines', () => {
    const lengths = { 'core/long.ts': '\n'.repeat(401), 'core/fits.ts': '\n'.repeat(400) }
    assert.deepEqual(tooLong(tree(lengths)), ['core/long.ts: 401 lines, at most 400'])
  })

  test('a barrel', () => {
    const index = "export { a } from './a.js'"
    assert.equal(barrels(tree({ 'core/index.ts': index }), new Set(['core/index.ts'])).length, 0)
    assert.equal(barrels(tree({ 'core/queue/index.ts': index }), new Set(['core/index.ts'])).length, 1)
    assert.equal(barrels(tree({ 'core/index.ts': "export * from './a.js'" }), new Set(['core/index.ts'])).length, 1)
    const main = tree({ 'drivers/index.ts': "export * from '../core/index.js'" })
    assert.equal(barrels(main, new Set(['drivers/index.ts', 'core/index.ts'])).length, 0)
  })

  test('a sleep', () => {
    const texts = [
      "import { setTimeout } from 'node:timers/promises'",
      "const { setTimeout: wait } = await import('node:timers/promises')",
      'await new Promise((resolve) => setTimeout(resolve, 10))',
      'globalThis.setInterval(poll, 10)',
    ]
    const fine = [
      'setTimeout(() => reject(new Error()), 5_000)',
      "import { setImmediate as turn } from 'node:timers/promises'",
    ]
    for (const text of fine) assert.equal(sleeps(tree({ 'test/core/a.test.ts': text })).length, 0, text)
    for (const text of texts) {
      assert.equal(sleeps(tree({ 'test/core/a.test.ts': text })).length, 1, text)
      assert.equal(sleeps(tree({ 'test/kit/a.ts': text })).length, 0, text)
    }
  })

  test('a test left out without a reason', () => {
    const wrong = [
      "test.only('a', () => {})",
      "describe.only('a', () => {})",
      "test('a', { only: true }, () => {})",
      "test.skip('a', () => {})",
      "test('a', { skip: true }, () => {})",
      "test('a', { todo: true }, () => {})",
      "test('a', (t) => t.skip())",
      "await t.test('a', { skip: true }, () => {})",
    ]
    const right = ["test('a', { skip: 'no Redis here' }, () => {})", "test('a', (t) => t.skip('no Redis here'))"]
    for (const text of wrong) assert.equal(leftOut(tree({ 'test/a.test.ts': text })).length, 1, text)
    for (const text of right) assert.equal(leftOut(tree({ 'test/a.test.ts': text })).length, 0, text)
  })

  test('a stray file or folder at the top', () => {
    assert.deepEqual(strayTopLevel(['core/index.ts', '.ci/run', 'README.md']), [])
    assert.deepEqual(strayTopLevel(['src/index.ts', 'vitest.config.ts', 'src/other.ts']), ['src', 'vitest.config.ts'])
  })

  test('an address in a lock file', () => {
    const lock = {
      packages: { 'node_modules/a': { resolved: 'https://registry.example/a.tgz' }, 'node_modules/b': {} },
    }
    assert.deepEqual(lockProblems('package-lock.json', JSON.stringify(lock)), [
      'package-lock.json: node_modules/a resolved',
    ])
  })
})

function tree(texts: Readonly<Record<string, string>>): Files {
  return new Map(Object.entries(texts))
}
