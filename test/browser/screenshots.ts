// Makes the pictures of the README: .ci/screenshots
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { cardOf, reaches, says, startRun } from './card.js'
import { launchChromium } from './chromium.js'
import { startExample } from './example-server.js'
import { endless, yeast } from './networks.js'

const folder = new URL('../../docs/images/', import.meta.url)
const maxBytes = 240_000

const server = await startExample()
const browser = await launchChromium()
try {
  const desktop = { viewport: { width: 1280, height: 1140 } }
  const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }
  await picture(
    'run-light',
    { ...desktop, viewport: { width: 1280, height: 1200 }, colorScheme: 'light' },
    oscillationAndRunning,
  )
  await picture('run-dark', { ...desktop, colorScheme: 'dark' }, basins)
  await picture('phone', { ...phone, colorScheme: 'light' }, oscillationAlone)
} finally {
  await browser.close()
  await server.kill()
}

async function picture(name: string, options: BrowserContextOptions, arrange: (page: Page) => Promise<void>) {
  await server.kill()
  await server.restart() // So that no picture shows the runs of another.
  const context = await browser.newContext({ ...options, reducedMotion: 'reduce', locale: 'en-GB' })
  const page = await context.newPage()
  await page.goto(server.url)
  await page.getByRole('button', { name: 'Repressilator', pressed: true }).waitFor()
  await arrange(page)
  const path = fileURLToPath(new URL(`${name}.png`, folder))
  await page.screenshot({ path })
  await context.close()
  const { size } = await stat(path)
  console.log(`${path}: ${size} bytes`)
  if (size > maxBytes) throw new Error(`${path} has more than ${maxBytes} bytes.`)
}

/** One run that is finished, and another under way. */
async function oscillationAndRunning(page: Page): Promise<void> {
  await startOscillation(page)
  const text = await page.getByLabel('Text of the network file').inputValue()
  await startRun(page, endless('Ring of twenty genes'))
  await reaches(cardOf(page, 'Ring of twenty genes'), 27)
  await page.getByLabel('Text of the network file').fill(text)
  await page.locator('.editor').evaluate((editor) => editor.scrollTo(0, 0))
  await toTop(page)
}

async function basins(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Budding yeast cell cycle' }).click()
  await page.getByRole('button', { name: 'Start run' }).click()
  await cardOf(page, 'Budding yeast cell cycle').locator('.waterfall').waitFor()
  await startRun(page, yeast.replace('"to": "SBF"', '"to": "SBG"'))
  await page.locator('.mark').waitFor()
  await toTop(page)
}

/** A phone opens the link. */
async function oscillationAlone(page: Page): Promise<void> {
  await startOscillation(page)
  await page.getByRole('link', { name: 'Link' }).click()
  await page.getByRole('heading', { name: 'Run', exact: true }).waitFor()
  await toTop(page)
}

async function startOscillation(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Start run' }).click()
  const card = cardOf(page, 'Repressilator')
  await says(card, 'completed')
  await card.locator('canvas').waitFor()
  await card.locator('.waterfall').waitFor()
}

async function toTop(page: Page): Promise<void> {
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
    scrollTo(0, 0)
  })
}
