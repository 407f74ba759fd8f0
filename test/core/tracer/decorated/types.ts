import { traceFunction } from '../../../../core/tracer/trace-function.js'

/** What the decorator refuses at compile time. Checked twice: with standard decorators, and with legacy ones. */
export class Refused {
  // @ts-expect-error a field is no method
  @traceFunction()
  field = 1

  // @ts-expect-error a field that holds a function is no method either
  @traceFunction()
  arrow = () => 1

  // @ts-expect-error the attributes take a number, the method is given a text
  @traceFunction('name', (count: number) => ({ count }))
  method(text: string): string {
    return text
  }

  // @ts-expect-error an attribute is no object
  @traceFunction('name', { nested: { value: 1 } })
  nested(): void {}

  // @ts-expect-error a getter is no method
  @traceFunction()
  get value(): number {
    return 1
  }
}

/** What it takes. */
export class Taken {
  @traceFunction('name', (id: string) => ({ id }))
  more(id: string, count: number): string {
    return id + count
  }

  @traceFunction<[id: string]>({ name: 'name', attributes: (id) => ({ id }) })
  less(id?: string): string | undefined {
    return id
  }

  @traceFunction()
  generic<T>(value: T): T {
    return value
  }

  @traceFunction()
  protected async hidden(): Promise<void> {}
}
