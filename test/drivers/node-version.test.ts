import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { checkNodeVersion } from '../../drivers/node-version.js'

test('a Node older than package.json asks for is refused by name', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node) ?? []
  for (const version of [`${major}.${minor}.0`, `${Number(major) + 1}.0.0`, process.versions.node])
    checkNodeVersion(version)
  for (const version of [`${major}.${Number(minor) - 1}.9`, '20.19.5']) {
    assert.throws(() => checkNodeVersion(version), {
      code: 'ERR_UNSUPPORTED',
      message: new RegExp(`Node ${version}.*${major}\\.${minor}`),
    })
  }
})
