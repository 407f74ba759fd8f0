import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterClose, closeCodes, closeReason, isCloseCode } from '../../../core/protocol/close-codes.js'

test('every code that the server uses may be sent', () => {
  for (const code of Object.values(closeCodes)) assert.ok(isCloseCode(code), String(code))
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 4000.5]) assert.ok(!isCloseCode(code), String(code))
})

test('clients know what to do after a close, also with codes that they have not met', () => {
  const expected: [number, string][] = [
    [1000, 'stop'],
    [1006, 'reconnect'],
    [1009, 'stop'],
    [1012, 'reconnect'],
    [1013, 'back-off'],
    [4401, 'refresh'],
    [4403, 'stop'],
    [4429, 'back-off'],
    [4499, 'stop'],
    [4503, 'reconnect'],
    [4599, 'reconnect'],
  ]
  for (const [code, action] of expected) assert.equal(afterClose(code), action, String(code))
})

test('a reason is cut to 123 bytes between characters', () => {
  const bytes = (text: string) => new TextEncoder().encode(text).length
  for (const reason of ['', 'short', 'x'.repeat(123), 'x'.repeat(500), 'é'.repeat(100), '😀'.repeat(50)]) {
    const cut = closeReason(reason)
    assert.ok(bytes(cut) <= 123 && reason.startsWith(cut))
    assert.ok(cut === reason || bytes(cut) > 119)
    assert.ok(cut.isWellFormed())
  }
})
