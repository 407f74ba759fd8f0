export { createFakeClock, type FakeClock } from './clock.js'
export { driverContext } from './driver-context.js'
export { type EventuallyOptions, eventually } from './eventually.js'
export { type Gate, gate, type ReportSpy, reportSpy, type Spy, spy } from './spy.js'
