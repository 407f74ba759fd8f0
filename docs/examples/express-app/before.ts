import express from 'express'
import { renderReport } from './report.js'
import { session, type WithUser } from './session.js'

export const app = express()

app.use(session, express.json())

app.get('/', (request: WithUser, response) => {
  response.send(`Hello ${request.user ?? 'stranger'}`)
})

app.post('/reports', async (request: WithUser, response) => {
  const { user } = request
  if (!user) {
    response.status(401).send('Who are you?')
    return
  }
  // The browser waits for half a minute and sees nothing; a restart loses the work.
  const report = await renderReport(user, request.body.month, () => {})
  response.json(report)
})

export const server = app.listen(Number(process.env.PORT ?? 3000))
