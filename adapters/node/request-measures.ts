import type { ServerResponse } from 'node:http'
import type { Clock } from '../../core/clock.js'
import { instruments } from '../../core/metrics/instruments.js'
import type { Meter } from '../../core/ports/meter.js'
import { factsOf } from './request.js'
import { methodOf } from './request-span.js'

/** Measures a request until its answer is sent or its link is gone, whichever comes first. */
export type MeasureRequest = (response: ServerResponse, route: () => string | undefined) => void

/** @param meter Asked for each request whether anybody takes numbers. */
export function createMeasureRequest(
  meter: Meter,
  clock: Pick<Clock, 'monotonic'>,
  { trustProxy }: { readonly trustProxy: boolean },
): MeasureRequest {
  const duration = meter.histogram(instruments.requestDuration)
  const active = meter.counter(instruments.activeRequests)

  return (response, route) => {
    if (!meter.enabled) return
    const { req: request } = response
    const begunAt = clock.monotonic()
    const about = { 'http.request.method': methodOf(request), 'url.scheme': factsOf(request, trustProxy).scheme }
    active.add(1, about)

    function end(aborted: boolean): void {
      response.off('finish', onFinish).off('close', onClose)
      const { statusCode: status } = response
      active.add(-1, about)
      duration.record((clock.monotonic() - begunAt) / 1_000, {
        ...about,
        'http.route': route(),
        ...(aborted ? { 'error.type': 'aborted' } : { 'http.response.status_code': status }),
        ...(!aborted && status >= 500 && { 'error.type': String(status) }),
      })
    }
    const onFinish = () => end(false)
    const onClose = () => end(true)
    response.on('finish', onFinish).on('close', onClose)
  }
}
