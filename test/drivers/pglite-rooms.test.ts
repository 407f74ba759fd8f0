import { after, test } from 'node:test'
import { roomsConformance } from '../conformance/rooms/rooms-conformance.js'
import { embeddedBench } from './postgres-rooms-harness.js'

const bench = await embeddedBench()
after(() => bench.stop())

roomsConformance({ test, create: bench.create })
