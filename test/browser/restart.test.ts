import { cardOf, reaches, says, startRun } from './card.js'
import { endless, yeast } from './networks.js'
import { pageClaims } from './setup.js'

const claim = pageClaims()

claim(
  'a server that is killed and comes back: reconnecting, and then the truth',
  async ({ server, page, expectError }) => {
    expectError(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED|status of 404/)
    await startRun(page, endless('Interrupted'))
    const card = cardOf(page, 'Interrupted')
    await reaches(card, 6)
    await server.kill()
    await says(card, 'reconnecting')
    await page.getByRole('button', { name: 'Start run' }).click()
    await page.getByText('The server does not answer. Try again.').waitFor()

    await server.restart()
    await says(card, 'unknown')
    await card.getByText('The server does not know this run.').waitFor()
    await startRun(page, yeast)
    await says(cardOf(page, 'Budding yeast cell cycle'), 'completed')
    await card.getByRole('button', { name: 'Remove' }).click()
    await card.waitFor({ state: 'detached' })
  },
)

claim('a connection that breaks while the server lives is resumed', async ({ page, expectError }) => {
  expectError(/WebSocket connection to .* failed|ERR_INTERNET_DISCONNECTED|ERR_FAILED/)
  let cut = () => {}
  await page.routeWebSocket(/\/ws\//, (socket) => {
    const upstream = socket.connectToServer()
    cut = () => {
      upstream.close()
      socket.close({ code: 1012 })
    }
  })
  await startRun(page, endless('Resumed'))
  const card = cardOf(page, 'Resumed')
  const before = await reaches(card, 6)
  cut()
  await says(card, 'reconnecting')
  await says(card, 'running')
  await reaches(card, before + 1)
  await card.getByRole('button', { name: 'Cancel' }).click()
  await says(card, 'cancelled')
})
