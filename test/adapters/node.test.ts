import { nodeHost } from './hosts/node.js'
import { httpSuite } from './http-suite.js'

httpSuite(nodeHost)
