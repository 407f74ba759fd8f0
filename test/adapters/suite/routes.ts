import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { TestHost } from '../hosts/host.js'
import { serve, serverSpan } from '../serve.js'

export function routeClaims(host: TestHost, routes: NonNullable<TestHost['routes']>): void {
  for (const [path, route] of Object.entries(routes)) {
    it(`${path} is named ${route ?? 'after its method alone'}`, async (t) => {
      const served = await serve(t, host)
      await (await served.request(path)).text()
      const span = await serverSpan(served)
      assert.equal(span.name, route ? `GET ${route}` : 'GET')
      assert.equal(span.attributes['http.route'], route)
      assert.equal(span.attributes['url.path'], path.split('?')[0])
    })
  }
}
