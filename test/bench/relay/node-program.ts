// The node that the client is connected to.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer, question } from '../program.js'
import { type RelaySubject, relayNode } from './subjects.js'

const server = createServer()
await relayNode(question<RelaySubject>(), server)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
answer((server.address() as AddressInfo).port)
