import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { missingService } from '../services/service.js'

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

/** Why there is no browser, for the `skip` of a test. Under CI its absence fails the tests. */
export const noChromium: string | false = existsSync(executablePath)
  ? false
  : missingService(`There is no Chromium at ${executablePath}. Install it, or set CHROMIUM_PATH.`).missing

/** A headless browser that talks to nobody but our server. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
}
