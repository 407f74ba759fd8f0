import assert from 'node:assert/strict'
import type { TracerDriver } from '../../../core/ports/tracer.js'
import { driverContext } from '../../kit/driver-context.js'
import type { TracerConformanceOptions } from './harness.js'

/** What a driver does while it is off: before start, after stop, and for ever when it is `enabled: false`. */
export function offClaims({ test, create, enabled = true }: TracerConformanceOptions): void {
  test('tracer: before start and after stop it is off and every call passes through', async () => {
    const { driver, spans } = await create()
    passesThrough(driver)
    await driver.start?.(driverContext())
    await driver.stop?.()
    passesThrough(driver)
    assert.deepEqual(await spans(), [])
  })

  test(`tracer: between start and stop it is ${enabled ? 'on' : 'off'}`, async () => {
    const { driver } = await create()
    await driver.start?.(driverContext())
    assert.equal(driver.enabled, enabled)
    if (!enabled) passesThrough(driver)
    await driver.stop?.()
  })

  test('tracer: stop is safe without a start and when called twice, and a new start may follow', async () => {
    const { driver } = await create()
    await driver.stop?.()
    await driver.start?.(driverContext())
    await driver.stop?.()
    await driver.stop?.()
    await driver.start?.(driverContext())
    assert.equal(driver.enabled, enabled)
    await driver.stop?.()
  })

  test('tracer: flush and stop are bounded in time and do not reject', async () => {
    const { driver } = await create()
    await driver.flush(10)
    await driver.start?.(driverContext())
    driver.startSpan('waiting to be sent').end()
    const begin = performance.now()
    await driver.flush(100)
    await driver.stop?.()
    assert.ok(performance.now() - begin < 5_000, 'flush(100) and stop() took more than 5 s')
    await driver.flush(10)
  })
}

function passesThrough(driver: TracerDriver): void {
  assert.equal(driver.enabled, false)
  const span = driver.startSpan('off', { attributes: { a: 1 } })
  assert.equal(span.recording, false)
  assert.equal(span.context(), undefined)
  assert.equal(driver.startSpan('off'), span, 'a span was allocated')
  span.set('a', 1).setAll({ b: 2 }).event('e').rename('other').fail(new Error('lost')).failAs('lost')
  span.end()

  assert.equal(
    driver.withSpan(span, () => 'result'),
    'result',
  )
  assert.equal(
    driver.run('root', () => 'result'),
    'result',
  )
  assert.equal(driver.activeSpan(), undefined)

  assert.equal(
    driver.withBaggage({ tenant: 'acme' }, () => Object.keys(driver.baggage()).length),
    0,
  )

  const base = driver.active()
  const carrier = { other: 'kept' }
  assert.equal(driver.inject(carrier), carrier)
  assert.deepEqual(carrier, { other: 'kept' })
  assert.equal(driver.extract({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, baggage: 'a=1' }, base), base)
  assert.equal(driver.spanContext(base), undefined)
  assert.equal(driver.spanContext(driver.extract({}, 'root')), undefined)
}
