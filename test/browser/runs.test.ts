import assert from 'node:assert/strict'
import type { Locator, Page } from 'playwright-core'
import { cardOf, percentOf, reaches, says, startRun } from './card.js'
import { endless, longer, yeast } from './networks.js'
import { pageClaims } from './setup.js'

const claim = pageClaims()

claim('the bar of a run moves from 0 to 100', async ({ page }) => {
  await recordProgress(page)
  await startRun(page, longer)
  await says(cardOf(page, 'Longer'), 'completed')
  const percents = await page.evaluate(() => (window as unknown as { percents: number[] }).percents)
  assert.deepEqual(
    percents,
    percents.toSorted((a, b) => a - b),
  )
  assert.equal(percents[0], 0)
  assert.equal(percents.at(-1), 100)
  assert.ok(new Set(percents).size >= 10, percents.join(' '))
})

claim('the proteins are plotted, and the trace is drawn from the request to the broadcast', async ({ page }) => {
  await startRun(page, longer)
  const card = cardOf(page, 'Longer')
  await card.getByText(/^Period 125\.35\d min/).waitFor()
  await card.locator('canvas').waitFor()
  assert.ok((await coloursOn(card.locator('canvas'))) > 3, 'the canvas is blank')
  await card.locator('.waterfall').waitFor()
  const rows = await card.locator('.span').evaluateAll((spans) =>
    spans.map((span) => ({
      name: span.querySelector('.span-name')?.textContent ?? '',
      depth: Number(getComputedStyle(span.querySelector('.span-name') ?? span).getPropertyValue('--depth')),
      width: span.querySelector('.span-bar')?.getBoundingClientRect().width ?? 0,
    })),
  )
  const path = ['POST /workflows', 'enqueue default', 'process default', 'broadcast workflow:{id}']
  for (const [depth, name] of path.entries()) {
    const row = rows.find((row) => row.name.startsWith(name))
    assert.equal(row?.depth, depth, name)
    assert.ok((row?.width ?? 0) >= 2, name)
  }
})

claim('a Boolean network shows its basins and the path through its states', async ({ page }) => {
  await page.getByRole('button', { name: 'Budding yeast cell cycle' }).click()
  await page.getByRole('button', { name: 'Start run' }).click()
  const card = cardOf(page, 'Budding yeast cell cycle')
  await card.getByText('2,048 states end in 7 attractors.').waitFor()
  assert.equal(await card.locator('.basin').count(), 7)
  assert.match((await card.locator('.basin').first().textContent()) ?? '', /Cdh1 Sic1.*1,764/)
  assert.equal(await card.locator('.heat tbody tr').count(), 11)
  assert.equal(await card.locator('.heat tbody tr').first().locator('td.on').count(), 1)
})

claim('several runs go on at once, each with a bar of its own, and can be cancelled', async ({ page }) => {
  await startRun(page, endless('First'))
  await startRun(page, endless('Second'))
  const [first, second] = [cardOf(page, 'First'), cardOf(page, 'Second')]
  await Promise.all([reaches(first, 6), reaches(second, 6)])
  await first.getByRole('button', { name: 'Cancel' }).click()
  await says(first, 'cancelled')
  await reaches(second, (await percentOf(second)) + 1)
  await says(second, 'running')
  await second.getByRole('button', { name: 'Cancel' }).click()
  await says(second, 'cancelled')
  assert.equal(await page.getByRole('button', { name: 'Cancel' }).count(), 0)
})

claim('who opens the link late sees the present state at once, then the end', async ({ page, open }) => {
  await startRun(page, endless('Shared'))
  const card = cardOf(page, 'Shared')
  const seen = await reaches(card, 7)
  const late = await open(`/${await card.getByRole('link', { name: 'Link' }).getAttribute('href')}`)
  const sameCard = cardOf(late, 'Shared')
  await says(sameCard, 'running')
  assert.ok((await percentOf(sameCard)) >= seen)
  assert.equal(await late.getByRole('button', { name: 'Start run' }).isVisible(), false)
  await card.getByRole('button', { name: 'Cancel' }).click()
  await says(sameCard, 'cancelled')
})

claim('the link of a run that has ended shows its result', async ({ page, open }) => {
  await startRun(page, yeast)
  const card = cardOf(page, 'Budding yeast cell cycle')
  await says(card, 'completed')
  const later = await open(`/${await card.getByRole('link', { name: 'Link' }).getAttribute('href')}`)
  await later.getByText('2,048 states end in 7 attractors.').waitFor()
  await later.locator('.waterfall').waitFor()
})

/** Keeps every percentage that a progress bar shows, from the moment it is there. */
async function recordProgress(page: Page): Promise<void> {
  await page.evaluate(() => {
    const percents: number[] = []
    Object.assign(window, { percents })
    new MutationObserver(() => {
      const now = document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')
      if (now && Number(now) !== percents.at(-1)) percents.push(Number(now))
    }).observe(document.body, { subtree: true, childList: true, attributeFilter: ['aria-valuenow'] })
  })
}

async function coloursOn(canvas: Locator): Promise<number> {
  return canvas.evaluate((node) => {
    if (!(node instanceof HTMLCanvasElement)) return 0
    const { data } = node.getContext('2d')?.getImageData(0, 0, node.width, node.height) ?? { data: [] }
    return new Set(new Uint32Array(new Uint8ClampedArray(data).buffer)).size
  })
}
