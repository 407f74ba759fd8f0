import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { WatchClients } from '../../core/tracer/client-spans.js'
import { createHttpCalls } from '../../core/tracer/http-call.js'
import type { Channels } from './channels.js'
import { httpChannels } from './http.js'
import { redisChannels } from './redis.js'
import { undiciChannels } from './undici.js'

/** Listens to what Node and libraries tell of their calls through `node:diagnostics_channel`. Nothing is patched. */
export const watchClients: WatchClients = ({ tracer, options, report }) => {
  const { http = true, redis = true, propagateTo = [] } = options
  const calls = createHttpCalls(tracer, propagateTo)
  const channels: Channels = {
    ...(http && { ...httpChannels(calls), ...undiciChannels(calls) }),
    ...(redis && redisChannels(tracer)),
  }
  const listeners = Object.entries(channels).map(([name, take]) => {
    const listener = (message: unknown): void => {
      try {
        take(message as never)
      } catch (error) {
        report(error, { stage: 'tracer.client', channel: name }) // Thrown, it would end the process.
      }
    }
    subscribe(name, listener)
    return () => void unsubscribe(name, listener)
  })
  return () => {
    for (const end of listeners) end()
  }
}
