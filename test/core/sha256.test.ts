import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { sha256 } from '../../core/sha256.js'

test('SHA-256 of any text is what OpenSSL says', () => {
  const same = (text: string) =>
    assert.deepEqual(Buffer.from(sha256(text)), createHash('sha256').update(text.toWellFormed()).digest())
  for (let length = 0; length < 200; length++) same('x'.repeat(length))
  same('ä鑰\u{1f600}\0'.repeat(1_000))
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), same))
})
