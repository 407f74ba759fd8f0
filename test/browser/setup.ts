import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { launchChromium, noChromium } from './chromium.js'
import { type ExampleServer, startExample } from './example-server.js'

/** What a test of the page works with. */
export interface Visit {
  readonly server: ExampleServer
  readonly page: Page
  /** Another tab of the same browser. */
  open(path: string): Promise<Page>
  /** Lets the page complain about what the test provokes. Anything else it says fails the test. */
  expectError(message: RegExp): void
}

export interface VisitOptions extends BrowserContextOptions {
  /** Where the first tab goes. @default '/' */
  readonly path?: string
}

/** The claim that the page does what `fn` looks for, and says nothing wrong in its console meanwhile. */
export type Claim = (name: string, fn: (visit: Visit) => Promise<void>, options?: VisitOptions) => void

/** One browser for the tests of a file, and a server for each: the page lists the runs that its server knows. */
export function pageClaims(): Claim {
  let browser: Browser
  before(async () => {
    if (!noChromium) browser = await launchChromium()
  })
  after(() => browser?.close())

  return (name, fn, { path = '/', ...options } = {}) => {
    test(name, { skip: noChromium, timeout: 60_000 }, async (context) => {
      const server = await startExample()
      const tabs = await browser.newContext(options)
      const { open, expectError } = watch(context, tabs, server.url)
      context.after(() => tabs.close())
      context.after(() => server.kill()) // Last: a page complains when its server goes.
      await fn({ server, page: await open(path), open, expectError })
    })
  }
}

function watch(context: TestContext, tabs: BrowserContext, url: string): Pick<Visit, 'open' | 'expectError'> {
  const expected: RegExp[] = []
  const complaints: string[] = []
  tabs.setDefaultTimeout(20_000)
  tabs.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  tabs.on('weberror', (error) => complaints.push(String(error.error())))
  context.after(() => {
    const unexpected = complaints.filter((text) => !expected.some((pattern) => pattern.test(text)))
    assert.deepEqual(unexpected, [])
  })
  return {
    expectError: (message) => expected.push(message),
    async open(path) {
      const page = await tabs.newPage()
      await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) =>
          console.error(`CSP: ${event.violatedDirective}`),
        )
      })
      await page.goto(new URL(path, url).href)
      await page
        .getByRole('button', { name: 'Repressilator', pressed: true, includeHidden: true })
        .waitFor({ state: 'attached' })
      return page
    },
  }
}
