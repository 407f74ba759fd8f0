import assert from 'node:assert/strict'
import { test } from 'node:test'
import ts from 'typescript'
import { errorCodes } from '../../core/errors.js'
import { read, sourceFiles } from './source/files.js'
import { parse, walk } from './source/imports.js'

const codes = Object.keys(errorCodes)
const table = 'core/errors.ts'

test('docs/errors.md has a heading for every code, and no other', () => {
  const headings = [...read('docs/errors.md').matchAll(/^#{2,}\s+`?(ERR_[A-Z_]+)`?\s*$/gm)].map(([, code]) => code)
  assert.deepEqual(headings.sort(), codes.toSorted())
})

test('every code is used, or is what a port asks of its drivers', () => {
  const used = new Set<string>()
  for (const [path, text] of sourceFiles()) {
    if (path.startsWith('core/ports/')) for (const [code] of text.matchAll(/ERR_[A-Z_]+/g)) used.add(code)
    if (path === table || !/^(core|drivers|adapters)\//.test(path)) continue
    walk(parse(path, text), (node) => {
      if (ts.isStringLiteralLike(node)) used.add(node.text)
    })
  }
  assert.deepEqual(
    codes.filter((code) => !used.has(code)),
    [],
  )
})
