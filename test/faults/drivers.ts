import { runtimeFactory } from '../../core/runtime.js'
import { nodePlatform, table } from '../../drivers/index.js'
import { type RemoteOptions, remoteQueue, remoteRooms } from './remote/client.js'

/** Makes the runtimes of the program. They may run on the remote memory as well. */
export const createRuntime = runtimeFactory(
  {
    ...table,
    queue: {
      ...table.queue,
      remote: { options: ['url'], load: async (options: RemoteOptions) => remoteQueue(options) },
    },
    rooms: {
      ...table.rooms,
      remote: { options: ['url'], load: async (options: RemoteOptions) => remoteRooms(options) },
    },
  },
  nodePlatform,
)
