/** A class of errors. */
export type ErrorClass = abstract new (...args: never) => unknown

/** Decides whether an error is worth another attempt, or lists the classes, and the texts of `code` or `name`, of those that are. */
export type RetryOn = ((error: unknown) => boolean) | readonly (ErrorClass | string)[]

/** Makes a function of a list. */
export function retryTest(retryOn: RetryOn): (error: unknown) => boolean {
  if (typeof retryOn === 'function') return retryOn
  return (error) => retryOn.some((kind) => (typeof kind === 'string' ? isNamed(error, kind) : error instanceof kind))
}

/** What is wrong with a `retryOn`. */
export function problemsOfRetryOn(retryOn: unknown): string[] {
  if (isErrorClass(retryOn)) return [`retryOn is the class ${retryOn.name}. Put it in a list: [${retryOn.name}].`]
  if (retryOn === undefined || typeof retryOn === 'function') return []
  if (Array.isArray(retryOn) && retryOn.every((kind) => typeof kind === 'string' || typeof kind === 'function'))
    return []
  return [
    `retryOn is ${JSON.stringify(retryOn)}. Give a function from the error to a boolean, or a list of error classes and of texts of \`code\` or \`name\`.`,
  ]
}

function isNamed(error: unknown, text: string): boolean {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
  return code === text || name === text
}

function isErrorClass(value: unknown): value is { readonly name: string } {
  return typeof value === 'function' && (value === Error || value.prototype instanceof Error)
}
