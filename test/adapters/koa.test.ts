import { koaHost } from './hosts/koa.js'
import { httpSuite } from './http-suite.js'

httpSuite(koaHost)
