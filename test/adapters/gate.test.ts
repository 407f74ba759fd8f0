import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGate, type GateOptions } from '../../adapters/node/gate.js'
import type { Auth, AuthAction } from '../../core/auth.js'
import { createFakeClock } from '../kit/clock.js'
import { reportSpy } from '../kit/spy.js'

const asked = { method: 'GET', url: '/', headers: {}, raw: {} }
const actions: readonly AuthAction[] = [
  'health:read',
  'job:read',
  'job:cancel',
  'room:join',
  'room:publish',
  'metrics:read',
  'dashboard:use',
]

function gateWith(auth: GateOptions['auth'], production: boolean) {
  const clock = createFakeClock()
  const report = reportSpy()
  return { gate: createGate({ auth, production, clock, report }), clock, report }
}

async function answers(auth: GateOptions['auth'], production: boolean): Promise<Record<string, string>> {
  const { gate } = gateWith(auth, production)
  const entries = actions.map(async (action) => {
    const { refused } = await gate.admit(asked, { action })
    return [action, refused?.code ?? 'yes'] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

describe('who may do what', () => {
  it('without auth, while developing: join rooms', async () => {
    const { 'room:join': join, ...others } = await answers(undefined, false)
    assert.equal(join, 'yes')
    assert.deepEqual(new Set(Object.values(others)), new Set(['forbidden']))
  })

  it('without auth, in production: nothing', async () => {
    assert.deepEqual(new Set(Object.values(await answers(undefined, true))), new Set(['forbidden']))
  })

  it('without auth, in production, the operator is told once why rooms are closed', async () => {
    const { gate, report } = gateWith(undefined, true)
    await gate.admit(asked, { action: 'room:join' })
    await gate.admit(asked, { action: 'room:join' })
    assert.deepEqual(report.stages(), ['http.auth'])
    assert.match(String(report.reports[0]?.error), /http\.auth/)
  })

  it('public: everything', async () => {
    assert.deepEqual(new Set(Object.values(await answers('public', true))), new Set(['yes']))
  })

  it('with auth: unauthenticated for nobody, forbidden for the wrong one', async () => {
    const nobody: Auth = { authenticate: () => undefined, authorize: () => true }
    const wrong: Auth = { authenticate: () => 'eve', authorize: () => false }
    assert.deepEqual(new Set(Object.values(await answers(nobody, false))), new Set(['unauthenticated']))
    assert.deepEqual(new Set(Object.values(await answers(wrong, false))), new Set(['forbidden']))
  })

  it('authorize gets principal, action and resource', async () => {
    const seen: unknown[] = []
    const { gate } = gateWith({ authenticate: () => 'ada', authorize: (...args) => seen.push(args) > 0 }, true)
    const admission = await gate.admit(asked, { action: 'room:join', resource: { room: 'a' } })
    assert.deepEqual(admission, { principal: 'ada' })
    assert.equal(await gate.allows('ada', 'room:publish', { room: 'b' }), true)
    assert.deepEqual(seen, [
      ['ada', 'room:join', { room: 'a' }],
      ['ada', 'room:publish', { room: 'b' }],
    ])
  })

  it('an auth that throws refuses, reports, and shows nothing of it', async () => {
    const failure = new Error('secret backend is down')
    const { gate, report } = gateWith({ authenticate: () => Promise.reject(failure), authorize: () => true }, true)
    const { refused } = await gate.admit(asked, { action: 'job:read' })
    assert.equal(refused?.status, 500)
    assert.doesNotMatch(JSON.stringify(refused), /secret/)
    assert.equal(report.reports[0]?.error, failure)
  })

  it('an auth that never answers is given up after five seconds', async () => {
    const { gate, clock } = gateWith({ authenticate: () => new Promise<never>(() => {}), authorize: () => true }, true)
    const admission = gate.admit(asked, { action: 'job:read' })
    await clock.advance(5_000)
    assert.equal((await admission).refused?.code, 'timeout')
    assert.equal(clock.timers, 0)
  })
})
