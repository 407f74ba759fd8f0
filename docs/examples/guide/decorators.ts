import { createRuntime, formatTree, type TaskContext, task, tasksOf, traceFunction } from 'triport'
import { memoryTracer } from 'triport/drivers/memory'

// #region class
class Images {
  readonly folder = 'thumbnails'

  @task({ name: 'resize', timeout: '1m' })
  async resize({ url }: { url: string }, ctx: TaskContext) {
    await ctx.progress(50)
    return await this.store(url, 640)
  }

  @traceFunction('store image', (_url: string, width: number) => ({ 'image.width': width }))
  async store(url: string, width: number) {
    return `${this.folder}/${width}/${url}`
  }
}
// #endregion

const tracer = memoryTracer()
// #region runtime
await using runtime = createRuntime({ tasks: tasksOf(new Images()), tracer })
await runtime.start()

const job = await runtime.queue.enqueue('resize', { url: 'cat.png' })
// #endregion
console.log(await job.result({ timeout: '5s' }))
// prints: thumbnails/640/cat.png

await tracer.waitFor('process default')
console.log(formatTree(tracer.tree()))
// prints: enqueue default  …  producer  [triport]
// prints: └─ process default  …  consumer
// prints:    └─ store image  …
console.log(tracer.finished.find(({ name }) => name === 'store image')?.attributes['image.width'])
// prints: 640
