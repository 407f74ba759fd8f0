import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { eventually } from '../kit/eventually.js'
import { cardOf, says, startRun } from './card.js'
import { longer, yeast } from './networks.js'
import { pageClaims } from './setup.js'

const claim = pageClaims()

claim('a bad network shows its error beside the line, and the cursor goes there', async ({ page, expectError }) => {
  expectError(/status of 400/)
  const bad = yeast.replace('"to": "SBF"', '"to": "Clb7"')
  const line = bad.split('\n').findIndex((text) => text.includes('Clb7')) + 1
  await startRun(page, bad)
  const mark = page.locator('.mark')
  await mark.waitFor()
  assert.equal(await mark.getAttribute('data-line'), String(line))
  assert.equal(await mark.textContent(), 'unknown node "Clb7"')
  await page.getByRole('alert').getByText(`edges[1].to: unknown node "Clb7"`).waitFor()
  assert.ok((await distanceToLine(page, line)) < 3, 'the mark is not at its line')
  const [frame, row] = await Promise.all([page.locator('.editor').boundingBox(), mark.boundingBox()])
  assert.ok(frame && row && row.y > frame.y && row.y + row.height < frame.y + frame.height, 'the mark is out of sight')
  const rest = await page.getByLabel('Text of the network file').evaluate((node) => {
    const { value, selectionStart } = node as HTMLTextAreaElement
    return document.activeElement === node ? value.slice(selectionStart) : ''
  })
  assert.ok(rest.startsWith('"Clb7"'))
  await page.keyboard.press('Delete')
  await mark.waitFor({ state: 'detached' })
})

claim('text that is no JSON shows where it stops being JSON', async ({ page, expectError }) => {
  expectError(/status of 400/)
  await startRun(page, '{\n  "name": oops\n}')
  await page.locator('.mark[data-line="2"]', { hasText: 'expected a value' }).waitFor()
})

claim('a file can be chosen and dropped', async ({ page }) => {
  const text = page.getByLabel('Text of the network file')
  await page
    .getByLabel('Open a file')
    .setInputFiles({ name: 'chosen.json', mimeType: 'application/json', buffer: Buffer.from('{ "chosen": 1 }') })
  await eventually(async () => assert.equal(await text.inputValue(), '{ "chosen": 1 }'))
  const files = await page.evaluateHandle((network) => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([network], 'dropped.json', { type: 'application/json' }))
    return transfer
  }, longer)
  await page.locator('#editor-section').dispatchEvent('drop', { dataTransfer: files })
  await eventually(async () => assert.equal(await text.inputValue(), longer))
})

claim('a run can be started, opened and left again with the keyboard alone', async ({ page }) => {
  await tabTo(page, 'Budding yeast cell cycle')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Budding yeast cell cycle', pressed: true }).waitFor()
  await tabTo(page, 'Start run')
  await page.keyboard.press('Enter')
  const card = cardOf(page, 'Budding yeast cell cycle')
  await says(card, 'completed')
  await eventually(async () => {
    assert.match((await page.getByRole('status').textContent()) ?? '', /Budding yeast cell cycle: completed/)
  })
  await tabTo(page, 'Link')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Run', exact: true }).waitFor()
  await card.locator('.heat').waitFor()
  await tabTo(page, 'All runs')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Runs', exact: true }).waitFor()
})

claim(
  'a phone of 360 pixels shows it all without sideways scrolling',
  async ({ page, expectError }) => {
    expectError(/status of 400/)
    await startRun(page, yeast)
    await cardOf(page, 'Budding yeast cell cycle').locator('.waterfall').waitFor()
    await startRun(page, longer)
    await cardOf(page, 'Longer').locator('.waterfall').waitFor()
    await startRun(page, longer.replace('"to": "cI"', '"to": "somebody who is not there"'))
    await page.locator('.mark').waitFor()
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360)
    const tooWide = await page
      .locator('.panel')
      .evaluateAll((panels) =>
        panels.filter((panel) => panel.getBoundingClientRect().right > 360).map(({ className }) => className),
      )
    assert.deepEqual(tooWide, [])
  },
  { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
)

for (const colorScheme of ['light', 'dark'] as const) {
  claim(
    `all text can be read in the ${colorScheme}`,
    async ({ page, expectError }) => {
      expectError(/status of 400/)
      const light = await lightness(page)
      assert.ok(colorScheme === 'dark' ? light < 0.1 : light > 0.8, String(light))
      await startRun(page, yeast)
      await cardOf(page, 'Budding yeast cell cycle').locator('.waterfall').waitFor()
      await startRun(page, '{ "name": }')
      await page.locator('.mark').waitFor()
      const poor = (await contrasts(page)).filter(({ ratio }) => ratio < 4.5)
      assert.deepEqual(poor, [])
    },
    { colorScheme },
  )
}

/** Presses Tab until the element of this name has the focus. Every stop on the way must show that it has it. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let stops = 0; stops < 30; stops++) {
    await page.keyboard.press('Tab')
    const { text, visible } = await page.evaluate(() => {
      const focused = document.activeElement ?? document.body
      const label = focused instanceof HTMLInputElement ? focused.labels?.[0] : undefined
      const shown = label ?? (focused.matches('textarea') ? focused.closest('.editor') : undefined) ?? focused
      const left = focused === document.body // For the browser's own buttons.
      return { text: left ? '' : shown.textContent, visible: left || getComputedStyle(shown).outlineStyle !== 'none' }
    })
    assert.ok(visible, `the focus on "${text}" cannot be seen`)
    if (text.includes(name)) return
  }
  assert.fail(`${name} cannot be reached with Tab`)
}

/** Pixels between the mark and the row of the line number it belongs to. */
async function distanceToLine(page: Page, line: number): Promise<number> {
  return page.locator('.mark').evaluate((mark, line) => {
    const gutter = document.querySelector('.editor-gutter')
    if (!gutter?.firstChild) return Number.POSITIVE_INFINITY
    const start = String(Array.from({ length: line - 1 }, (_, i) => i + 1).join('\n')).length + 1
    const range = document.createRange()
    range.setStart(gutter.firstChild, start)
    range.setEnd(gutter.firstChild, start + String(line).length)
    const number = range.getBoundingClientRect()
    const row = mark.getBoundingClientRect()
    return Math.abs(number.top + number.height / 2 - (row.top + row.height / 2))
  }, line)
}

async function lightness(page: Page): Promise<number> {
  const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const [red = 0, green = 0, blue = 0] = background.match(/\d+/g)?.map(Number) ?? []
  return (red + green + blue) / 765
}

/** Contrast of every element that has text of its own, as WCAG 2.2 defines it. */
async function contrasts(page: Page): Promise<{ text: string; ratio: number }[]> {
  return page.evaluate(() => {
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    const elements = [...document.querySelectorAll('body *')].filter(
      (element) =>
        element.checkVisibility() &&
        !element.closest('.unseen, canvas, noscript') &&
        [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim()),
    )
    return elements.map((element) => {
      const layers = backgrounds(element)
      const [text, ground] = [paint([...layers, getComputedStyle(element).color]), paint(layers)]
      const [light = 0, dark = 0] = [luminance(text), luminance(ground)].sort((a, b) => b - a)
      return { text: `${element.tagName} ${element.className}`, ratio: (light + 0.05) / (dark + 0.05) }
    })

    function backgrounds(element: Element): string[] {
      const above = element.parentElement ? backgrounds(element.parentElement) : []
      return [...above, getComputedStyle(element).backgroundColor]
    }

    function paint(colours: string[]): number[] {
      context?.clearRect(0, 0, 1, 1)
      for (const colour of colours) {
        if (context) context.fillStyle = colour
        context?.fillRect(0, 0, 1, 1)
      }
      return [...(context?.getImageData(0, 0, 1, 1).data ?? [])].slice(0, 3)
    }

    function luminance(channels: number[]): number {
      const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
        const share = channel / 255
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
  })
}
