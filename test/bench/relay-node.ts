// Run as a child process: the node that the client is connected to.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type RelaySubject, relayNode } from './relay-subjects.js'

process.on('disconnect', () => process.exit())
process.on('message', async (message: RelaySubject) => {
  const server = createServer()
  await relayNode(message, server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send?.((server.address() as AddressInfo).port)
})
