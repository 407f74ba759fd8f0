import { decode, decodeError, encode } from '../codec.js'
import type { HostCalls } from './host-calls.js'
import type { CallMessage, ToGuest } from './messages.js'

/** Calls functions of the host. */
export interface GuestCalls {
  call<Name extends keyof HostCalls>(name: Name, ...args: Parameters<HostCalls[Name]>): ReturnType<HostCalls[Name]>
  answered(message: ToGuest & { readonly type: 'answer' }): void
}

export interface GuestCallsDeps {
  /** @throws when nobody would answer. */
  post(message: CallMessage): void
  /** Where a call comes from. */
  caller(): Pick<CallMessage, 'span' | 'baggage'>
}

export function createGuestCalls({ post, caller }: GuestCallsDeps): GuestCalls {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let calls = 0

  async function call(name: string, ...args: readonly unknown[]): Promise<never> {
    const text = encode(args, { what: `The call of ${name}` })
    const answer = Promise.withResolvers<unknown>()
    post({ type: 'call', call: ++calls, name, args: text, ...caller() })
    waiting.set(calls, answer)
    return answer.promise as Promise<never>
  }

  return {
    call: call as GuestCalls['call'],
    answered({ call, value, error }) {
      const answer = waiting.get(call)
      waiting.delete(call)
      if (error !== undefined) answer?.reject(decodeError(error))
      else answer?.resolve(value === undefined ? undefined : decode(value))
    },
  }
}
