import { TriportError } from '../../core/errors.js'

type Ws = typeof import('ws')

/**
 * Loads the optional library `ws`.
 *
 * @throws `ERR_PEER_MISSING` when it is not installed, `ERR_PEER_VERSION` when it is older than 8.21.
 */
export async function loadWs(): Promise<Ws> {
  const ws = await importWs()
  // 8.21 closed a denial of service by tiny fragments and brought this option: asking for it needs no version number.
  const probe = new ws.WebSocketServer({ noServer: true, clientTracking: false })
  if ('maxFragments' in probe.options) return ws
  throw new TriportError('ERR_PEER_VERSION', 'The installed "ws" is older than 8.21. Run: npm install ws@8')
}

async function importWs(): Promise<Ws> {
  try {
    return await import('ws')
  } catch (cause) {
    throw new TriportError('ERR_PEER_MISSING', 'WebSockets need the package "ws". Run: npm install ws@8', { cause })
  }
}
