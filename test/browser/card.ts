import assert from 'node:assert/strict'
import type { Locator, Page } from 'playwright-core'
import { eventually } from '../kit/eventually.js'

/** Puts a network into the editor and starts a run of it. */
export async function startRun(page: Page, network: string): Promise<void> {
  await page.getByLabel('Text of the network file').fill(network)
  await page.getByRole('button', { name: 'Start run' }).click()
}

/** The run of this network on the page. */
export function cardOf(page: Page, name: string): Locator {
  return page.locator('.run', { has: page.getByRole('heading', { name, exact: true }) })
}

export async function percentOf(card: Locator): Promise<number> {
  return Number(await card.getByRole('progressbar').getAttribute('aria-valuenow'))
}

/** Waits until the run has come this far. */
export async function reaches(card: Locator, percent: number): Promise<number> {
  return eventually(
    async () => {
      const now = await percentOf(card)
      assert.ok(now >= percent, `${now} % of ${percent} %`)
      return now
    },
    { within: 30_000 },
  )
}

/** Waits until the card says `running`, `completed`, … */
export async function says(card: Locator, status: string): Promise<void> {
  await card.locator('.pill', { hasText: new RegExp(`^${status}$`) }).waitFor()
}
