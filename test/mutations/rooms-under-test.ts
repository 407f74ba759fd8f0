// The entry of the bundles that bugs of the core are planted in.
import fc from 'fast-check'
import type { RoomsDriver } from '../../core/ports/rooms.js'
import { roomsFuzz } from '../conformance/rooms/fuzz/rooms-fuzz.js'
import { roomsConformance } from '../conformance/rooms/rooms-conformance.js'
import { memoryHarness } from '../drivers/memory-rooms-harness.js'

/** A test that has not run. */
export interface Registered {
  readonly name: string
  run(): Promise<void>
}

/** The claims of the suite on memory, with a bug in each driver. */
export function claims(plant?: (driver: RoomsDriver) => RoomsDriver): Registered[] {
  const tests: Registered[] = []
  const create = () => memoryHarness(plant)
  roomsConformance({ create, patience: 500, test: (name, run) => tests.push({ name, run }) })
  return tests
}

/** The fuzzer on memory. */
export function scenarios(): Registered[] {
  const tests: Registered[] = []
  const create = () => memoryHarness()
  roomsFuzz({ create, fc, runs: 300, seed: 1, patience: 100, test: (name, run) => tests.push({ name, run }) })
  return tests
}
