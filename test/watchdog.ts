// Loaded into the process of every test file by test/run.ts: a file that does not end by itself fails, and says what it left open.
import { after } from 'node:test'
import { isMainThread } from 'node:worker_threads'

const limit = Number(process.env.TRIPORT_FILE_TIMEOUT)
const grace = Math.min(limit, 10_000)

// A worker thread loads what its process has loaded, and is no test.
if (isMainThread) {
  setTimeout(fail, limit, `still runs after ${limit} ms`).unref()
  after(() => void setTimeout(fail, grace, `has not ended ${grace} ms after its last test`).unref())
}

function fail(problem: string): void {
  console.error(`${process.argv[1]} ${problem}. Open: ${process.getActiveResourcesInfo().join(', ')}`)
  process.exit(1)
}
