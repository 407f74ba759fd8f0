import assert from 'node:assert/strict'
import test from 'node:test'
import { version } from '../../core/version.js'
import { read } from './source/files.js'

test('the version that workers announce is that of the package', () => {
  assert.equal(version, (JSON.parse(read('package.json')) as { version: string }).version)
})
