// The entry of the bundles that a bug of the core is planted in.
export { roomsFuzz } from '../conformance/rooms/fuzz/rooms-fuzz.js'
export { roomsConformance } from '../conformance/rooms/rooms-conformance.js'
export { memoryHarness } from '../drivers/memory-rooms-harness.js'
