import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announce, type CurrentRuntime, currentTracer } from '../../../../core/current.js'
import type { FinishedSpan } from '../../../../core/tracer/finished-span.js'
import { traceFunction } from '../../../../core/tracer/trace-function.js'
import { asyncContext } from '../../../../drivers/memory/context.js'
import { turn } from '../../../conformance/tracer/harness.js'
import { startedTracer } from '../support.js'

export type DecoratorMode = 'stage 3' | 'legacy'

let mode: DecoratorMode | undefined
/** Finds out how this file was compiled: legacy decorators get a property descriptor, the others a context object. */
function detectMode(_target: unknown, context: unknown): void {
  mode = typeof context === 'object' ? 'stage 3' : 'legacy'
}

class Base {
  readonly factor = 2

  @detectMode
  @traceFunction()
  sync(value: number): number {
    inner()
    return value * this.factor
  }

  @traceFunction('named', { component: 'base' })
  async later(value: number): Promise<number> {
    await turn()
    inner()
    return value * this.factor
  }

  @traceFunction('with arguments', (value: string, times: number) => ({ value, times }))
  repeat(value: string, times: number): string {
    return value.repeat(times)
  }

  @traceFunction({ name: 'options', kind: 'client', attributes: { a: 1 } })
  fails(): never {
    throw new RangeError('failed')
  }

  @traceFunction()
  *count(to: number): Generator<number, string> {
    for (let i = 1; i <= to; i++) {
      inner()
      yield i * this.factor
    }
    return 'done'
  }

  @traceFunction()
  async *stream(to: number): AsyncGenerator<number> {
    for (let i = 1; i <= to; i++) {
      await turn()
      inner()
      yield i * this.factor
    }
  }

  @traceFunction()
  static make(): Base {
    return new Base()
  }
}

class Derived extends Base {}

function inner(): void {
  currentTracer()?.startSpan('inner').end()
}

/** Registers the claims; the file that imports this one decides how it is compiled. */
export function decoratorClaims(expected: DecoratorMode): void {
  const claim = (name: string, check: (kept: () => readonly FinishedSpan[]) => Promise<void>) =>
    test(`${expected} decorators: ${name}`, async () => {
      const { tracer, driver } = await startedTracer()
      const withdraw = announce({ tracer } as CurrentRuntime, asyncContext())
      try {
        await check(() => driver.finished)
      } finally {
        withdraw()
      }
    })

  test(`${expected} decorators: this is how the claims are compiled`, () => assert.equal(mode, expected))

  test(`${expected} decorators: without a runtime calls pass through`, async () => {
    assert.equal(new Base().sync(2), 4)
    assert.equal(await new Base().later(2), 4)
    assert.deepEqual([...new Base().count(2)], [2, 4])
  })

  claim('a method is a span named Class.method, and keeps this, name and length', async (kept) => {
    assert.equal(new Base().sync(3), 6)
    const [innerSpan, span] = kept()
    assert.equal(span?.name, 'Base.sync')
    assert.equal(innerSpan?.parentSpanId, span?.spanId)
    assert.equal(Base.prototype.sync.name, 'sync')
    assert.equal(Base.prototype.sync.length, 1)
  })

  claim('an inherited method is named by the class that declares it', async (kept) => {
    new Derived().sync(1)
    assert.equal(kept()[1]?.name, 'Base.sync')
  })

  claim('an async method is a span until its promise settles', async (kept) => {
    const pending = new Base().later(3)
    assert.equal(kept().length, 0)
    assert.equal(await pending, 6)
    const [innerSpan, span] = kept()
    assert.equal(span?.name, 'named')
    assert.deepEqual({ ...span?.attributes }, { component: 'base' })
    assert.equal(innerSpan?.parentSpanId, span?.spanId)
  })

  claim('attributes can come from the arguments', async (kept) => {
    assert.equal(new Base().repeat('ab', 2), 'abab')
    assert.deepEqual({ ...kept()[0]?.attributes }, { value: 'ab', times: 2 })
  })

  claim('an error comes out and fails the span', async (kept) => {
    assert.throws(() => new Base().fails(), RangeError)
    const [span] = kept()
    assert.deepEqual([span?.name, span?.kind, span?.status], ['options', 'client', 'error'])
    assert.deepEqual({ ...span?.attributes }, { a: 1, 'error.type': 'RangeError' })
  })

  claim('a generator is one span from the first step to the last', async (kept) => {
    const generator = new Base().count(2)
    assert.deepEqual([generator.next().value, generator.next().value, generator.next().value], [2, 4, 'done'])
    assert.deepEqual(
      kept().map((span) => span.name),
      ['inner', 'inner', 'Base.count'],
    )
    assert.equal(kept()[1]?.parentSpanId, kept()[2]?.spanId)
  })

  claim('an async generator is one span, also when it is left early', async (kept) => {
    for await (const value of new Base().stream(5)) if (value === 4) break
    assert.deepEqual(
      kept().map((span) => span.name),
      ['inner', 'inner', 'Base.stream'],
    )
    assert.equal(kept()[1]?.parentSpanId, kept()[2]?.spanId)
    assert.equal(kept()[2]?.status, 'unset')
  })

  claim('a static method is a span too', async (kept) => {
    assert.ok(Base.make() instanceof Base)
    assert.equal(kept()[0]?.name, 'Base.make')
  })
}
