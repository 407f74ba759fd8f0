// A program in one file that forgets that the thread of its task imports it, too.
import { createRuntime, defineTask } from '../../../drivers/index.js'

export const alone = defineTask({ name: 'alone', isolate: 'thread', module: import.meta.url, run: () => 1 })

await createRuntime({ tasks: [alone], queue: { driver: 'memory' }, log() {} }).start()
