import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import type { Task, TaskContext } from '../../../../core/queue/task.js'
import { task, taskOf, tasksOf } from '../../../../core/queue/task-method.js'
import { traceFunction } from '../../../../core/tracer/trace-function.js'
import { createRunning } from '../setup.js'

let mode: 'stage 3' | 'legacy' | undefined
/** Finds out how this file was compiled: legacy decorators get the name of the method, the others a context object. */
function detectMode(_target: unknown, context: unknown): void {
  mode = typeof context === 'object' ? 'stage 3' : 'legacy'
}

class Base {
  readonly factor: number = 2

  @detectMode
  @task({ name: 'double', queue: 'math', input: z.object({ n: z.number() }) })
  async double({ n }: { n: number }, ctx?: TaskContext): Promise<number> {
    return n * this.factor * (ctx?.attempt ?? 1)
  }

  @task({ name: 'overridden' })
  overridden(): string {
    return 'base'
  }

  @task({ name: 'static' })
  static fixed(): string {
    return 'static'
  }
}

class Derived extends Base {
  override readonly factor = 3

  override overridden(): string {
    return 'derived'
  }

  @traceFunction()
  @task({ name: 'above' })
  above(): string {
    return 'above'
  }

  @task({ name: 'below' })
  @traceFunction()
  below(): string {
    return 'below'
  }
}

export function decoratorClaims(expected: 'stage 3' | 'legacy'): void {
  const claim = (name: string, run: () => void | Promise<void>) => test(`${expected} decorators: ${name}`, run)
  const names = (object: object) => tasksOf(object).map(({ name }) => name)

  claim('this is how the claims are compiled', () => assert.equal(mode, expected))

  claim('tasksOf finds the tasks of an object and of the classes above it', () => {
    assert.deepEqual(names(new Base()).sort(), ['double', 'overridden'])
    assert.deepEqual(names(new Derived()).sort(), ['above', 'below', 'double', 'overridden'])
    assert.deepEqual(names(Base), ['static'])
    assert.deepEqual(names({}), [])
  })

  claim('the method stays callable as it is', async () => {
    assert.equal(await new Derived().double({ n: 2 }), 6)
  })

  claim('as a task it runs with its object, its input validated', async () => {
    const { queue } = await createRunning({ tasks: tasksOf(new Derived()) })
    const job = await queue.enqueue('double', { n: 7 })
    assert.equal(await job.result({ timeout: '1s' }), 21)
    assert.equal((await job.status()).queue, 'math')
    await assert.rejects(queue.enqueue('double', { n: 'x' }), { code: 'ERR_INPUT_INVALID' })
    for (const [name, result] of [
      ['overridden', 'derived'],
      ['above', 'above'],
      ['below', 'below'],
    ] as const) {
      assert.equal(await (await queue.enqueue(name)).result({ timeout: '1s' }), result)
    }
  })

  claim('taskOf gives the task of a method, with its types', async () => {
    const derived = new Derived()
    const { queue } = await createRunning({ tasks: tasksOf(derived) })
    const double = await queue.enqueue(taskOf(derived, 'double'), { n: 7 })
    const product: number = await double.result({ timeout: '1s' })
    const overridden = await queue.enqueue(taskOf(derived, 'overridden'))
    const text: string = await overridden.result({ timeout: '1s' })
    const fixed: Task<string, undefined, string> = taskOf(Base, 'fixed')
    assert.deepEqual([product, text, fixed.name], [21, 'derived', 'static'])
    // @ts-expect-error an input that the method does not take
    await assert.rejects(queue.enqueue(taskOf(derived, 'double'), { n: 'x' }), { code: 'ERR_INPUT_INVALID' })
    // @ts-expect-error no method
    assert.throws(() => taskOf(derived, 'factor'), { code: 'ERR_TASK_INVALID', message: /"factor" is no task/ })
  })

  claim('objects do not share their state', async () => {
    class Counter {
      count = 0
      @task({ name: 'count' })
      increment(): number {
        return ++this.count
      }
    }
    const [one, two] = [new Counter(), new Counter()]
    tasksOf(one)[0]?.run(undefined as never, {} as TaskContext)
    assert.deepEqual([one.count, two.count], [1, 0])
  })

  claim('options are checked when the tasks are asked for', () => {
    class Wrong {
      @task({ name: '', maxRetries: -1 })
      run(): void {}
    }
    assert.throws(() => tasksOf(new Wrong()), { code: 'ERR_TASK_INVALID', message: /name[\s\S]*maxRetries/ })
  })
}
