import { createNotificationMessage, createRuntime, defineTask, getRooms } from 'triport'

// #region anywhere
/** Code that knows no runtime: it finds the one that it runs in. */
async function tellEverybody(text: string) {
  await getRooms().broadcastToAll(createNotificationMessage('info', text))
}

const announce = defineTask({
  name: 'announce',
  async run({ text, user }: { text: string; user: string }, ctx) {
    await tellEverybody(text)
    return await ctx.rooms.broadcastToRoom(`user:${user}`, createNotificationMessage('success', 'Told everybody'))
  },
})
// #endregion

await using runtime = createRuntime({ tasks: [announce] })
await runtime.start()
const job = await runtime.queue.enqueue(announce, { text: 'Maintenance at noon', user: 'ada' })
const { seq } = (await job.result({ timeout: '5s' })) ?? {}
console.log(`message ${seq} of the room`)
// prints: message 1 of the room
