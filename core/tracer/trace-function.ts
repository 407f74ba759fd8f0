import { currentTracer } from '../current.js'
import { invalidOption, type TriportError } from '../errors.js'
import type { Attributes } from '../ports/tracer.js'
import { type AnyFunction, traced, type WrapOptions } from './traced.js'

/** What the spans of a decorated method look like. */
export interface TraceFunctionOptions<Args extends readonly unknown[] = never[]> extends WrapOptions<Args> {
  /** The span's name. @default `Class.method` */
  readonly name?: string
}

/** Decorates methods, with standard (stage 3) and with legacy (`experimentalDecorators`) decorators. Anything else is refused. */
export interface TraceFunctionDecorator<Args extends readonly unknown[] = never[]> {
  <This, F extends (...args: [...Args, ...never[]]) => unknown>(
    method: F,
    context: ClassMethodDecoratorContext<This, F>,
  ): F
  <F extends (...args: [...Args, ...never[]]) => unknown>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): TypedPropertyDescriptor<F>
}

/**
 * Makes every call of a method a span of the running runtime; without one, calls pass through. Works for sync and async
 * methods, generators and async generators, static and private ones too.
 *
 * ```ts
 * class Orders {
 *   @traceFunction('place order', (order: Order) => ({ 'order.lines': order.lines.length }))
 *   async place(order: Order) {}
 * }
 * ```
 *
 * @param nameOrOptions The span's name. Default: `Class.method`.
 * @param attributes What every span carries, or a function that makes it from the arguments of the call.
 * @throws `ERR_OPTION_INVALID` when it decorates anything but a method.
 */
export function traceFunction<Args extends readonly unknown[] = never[]>(
  nameOrOptions: string | TraceFunctionOptions<Args> = {},
  attributes?: Attributes | ((...args: Args) => Attributes),
): TraceFunctionDecorator<Args> {
  const given = typeof nameOrOptions === 'string' ? { name: nameOrOptions } : nameOrOptions
  const options = { ...given, ...(attributes && { attributes }) } as TraceFunctionOptions
  if (typeof nameOrOptions === 'function' || isKey(attributes)) throw misuse('Write @traceFunction() with parentheses.')
  return decorator(options) as TraceFunctionDecorator<Args>
}

function decorator(options: TraceFunctionOptions) {
  return (target: unknown, context: unknown, descriptor?: PropertyDescriptor): unknown => {
    if (isKey(context)) return decorateLegacy(target as object, context, descriptor, options)
    return decorate(target as AnyFunction, context as DecoratorContext, options)
  }
}

/** Stage 3: the class has no name yet, so the first call looks it up. */
function decorate(
  method: AnyFunction,
  context: DecoratorContext | undefined,
  options: TraceFunctionOptions,
): AnyFunction {
  if (context?.kind !== 'method') throw misuse(`It decorates a ${context?.kind ?? 'plain function'} here.`)
  let name = options.name
  const spanName = (self: unknown): string => {
    name ??= `${declaringClass(self, context.name, wrapper)}.${String(context.name)}`
    return name
  }
  const wrapper: AnyFunction = traced(method, { tracer: currentTracer, spanName, options })
  return wrapper
}

function decorateLegacy(
  target: object,
  key: string | symbol,
  descriptor: PropertyDescriptor | undefined,
  options: TraceFunctionOptions,
): PropertyDescriptor {
  if (typeof descriptor?.value !== 'function') throw misuse(`${String(key)} is none.`)
  const owner = typeof target === 'function' ? target : target.constructor
  const name = options.name ?? `${owner.name}.${String(key)}`
  return { ...descriptor, value: traced(descriptor.value, { tracer: currentTracer, spanName: () => name, options }) }
}

/** What a stage 3 decorator gets. Without TypeScript it may be put on anything. */
interface DecoratorContext {
  readonly kind: string
  readonly name: string | symbol
}

/** The class that has `method` under `key`, rather than the subclass that it is called on. */
function declaringClass(self: unknown, key: string | symbol, method: AnyFunction): string {
  for (let owner = self; isObject(owner); owner = Object.getPrototypeOf(owner)) {
    if (Object.getOwnPropertyDescriptor(owner, key)?.value === method) return className(owner)
  }
  return isObject(self) ? className(self) : 'anonymous'
}

function className(owner: object): string {
  const name = typeof owner === 'function' ? owner.name : owner.constructor?.name
  return name || 'anonymous'
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function isKey(value: unknown): value is string | symbol {
  return typeof value === 'string' || typeof value === 'symbol'
}

function misuse(problem: string): TriportError {
  return invalidOption(`@traceFunction decorates methods. ${problem} For other functions use tracer.wrap.`)
}
