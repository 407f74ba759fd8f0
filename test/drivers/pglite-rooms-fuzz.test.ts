import { after, test } from 'node:test'
import fc from 'fast-check'
import { roomsFuzz } from '../conformance/rooms/fuzz/rooms-fuzz.js'
import { embeddedBench } from './postgres-rooms-harness.js'

const bench = await embeddedBench()
after(() => bench.stop())

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const seed = TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 1 }

roomsFuzz({ test, fc, create: bench.create, runs: TRIPORT_LONG ? 200 : 10, ...seed })
