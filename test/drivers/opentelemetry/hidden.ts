import { registerHooks } from 'node:module'
import { afterEach } from 'node:test'

let hidden: string | undefined
registerHooks({
  resolve(specifier, context, next) {
    if (hidden !== undefined && specifier.startsWith(hidden)) throw new Error(`${specifier} is not installed`)
    return next(specifier, context)
  },
})
afterEach(() => {
  hidden = undefined
})

/** Until the end of the test this process finds no package whose name begins so, unless it has found it before. `undefined`: it finds all again. */
export function hide(name: string | undefined): void {
  hidden = name
}
