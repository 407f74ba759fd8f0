import test from 'node:test'
import fc from 'fast-check'
import { roomsFuzz } from '../conformance/rooms/fuzz/rooms-fuzz.js'
import { memoryHarness } from './memory-rooms-harness.js'

const { TRIPORT_LONG, TRIPORT_SEED } = process.env
const seed = TRIPORT_SEED ? { seed: Number(TRIPORT_SEED) } : TRIPORT_LONG ? {} : { seed: 1 }

/** In memory all comes in a few turns. What does not come would be waited for in every scenario that a failure is shrunk to. */
const patience = 100

roomsFuzz({ test, fc, create: () => memoryHarness(), patience, runs: TRIPORT_LONG ? 1_000 : 200, ...seed })
