import test from 'node:test'
import fc from 'fast-check'
import { roomsFuzz } from '../conformance/rooms/fuzz/rooms-fuzz.js'
import { memoryHarness } from './memory-rooms-harness.js'

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const seed = TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 1 }

roomsFuzz({ test, fc, create: () => memoryHarness(), runs: TRIPORT_LONG ? 1_000 : 200, ...seed })
