import type { ServerAddress } from '../ports/driver.js'
import type { Attributes } from '../ports/tracer.js'
import { serverAttributes } from './server-address.js'

/** How spans name the system that carries messages. OpenTelemetry is renaming the attribute. */
export type MessagingSystem = (name: string) => Attributes

/** Under the old name and under the new one: backends look for the old one still. */
export const bothNames: MessagingSystem = (name) => ({ 'messaging.system': name, 'messaging.system.name': name })

/**
 * Under both names, unless the new conventions alone are asked for.
 *
 * @param optIn `OTEL_SEMCONV_STABILITY_OPT_IN`: words between commas, of which `messaging` means the new ones and `messaging/dup` both.
 */
export function messagingSystem(optIn = ''): MessagingSystem {
  const wanted = optIn.split(',').map((word) => word.trim())
  const newOnly = wanted.includes('messaging') && !wanted.includes('messaging/dup')
  return newOnly ? (name) => ({ 'messaging.system.name': name }) : bothNames
}

/** Tells where the system's server is, too. @param server Asked for each span: a driver knows when it has started. */
export function messagingOn(messaging: MessagingSystem, server: () => ServerAddress | undefined): MessagingSystem {
  return (name) => ({ ...messaging(name), ...serverAttributes(server()) })
}
