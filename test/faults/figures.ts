/** What became of the jobs of a scenario. */
export interface JobFigures {
  readonly acknowledged: number
  /** Calls of `enqueue` that were rejected with a retryable error. */
  readonly refused: number
  /** How long a call of `enqueue` took at most, in milliseconds. */
  readonly slowestEnqueue: number
  /** Acknowledged, and not completed in the end. */
  readonly lost: number
  /** Two completions of one job were confirmed. */
  readonly settledTwice: number
  readonly ranAgain: number
}

/** What became of the messages of a scenario, summed up over all listeners. */
export interface MessageFigures {
  readonly acknowledged: number
  /** Calls of `broadcastToRoom` that were rejected with a retryable error. */
  readonly refused: number
  /** Acknowledged, not heard, and the listener was not told of a hole there. */
  readonly lost: number
  /** Acknowledged and not heard, where the listener was told of a hole. */
  readonly excused: number
  readonly doubled: number
  readonly disordered: number
  /** How often a listener was told of a hole. */
  readonly holes: number
  /** Listeners whose sockets the server closed. */
  readonly closed: number
}

/** What a scenario did. Times are in milliseconds. */
export interface Figures {
  readonly jobs: JobFigures
  readonly messages: MessageFigures
  /** From the end of the fault until a new job was completed. */
  readonly jobsRecovery: number | undefined
  /** From the end of the fault until a new message was heard by all. */
  readonly messagesRecovery: number | undefined
  /** From the death of a worker until the last of its jobs ran again. */
  readonly rerun: number | undefined
}

/** The table of several scenarios, in Markdown. */
export function tableOf(rows: ReadonlyMap<string, Figures>): string {
  const lines = [...rows].map(([name, figures]) => `| ${[name, ...cells(figures)].join(' | ')} |`)
  return [`| ${heads.join(' | ')} |`, `| --- ${'| ---: '.repeat(heads.length - 1)}|`, ...lines].join('\n')
}

const heads = [
  'fault',
  'jobs acknowledged',
  'refused',
  'lost',
  'settled twice',
  'ran again',
  'recovery',
  'messages acknowledged',
  'refused',
  'lost',
  'missing, and told so',
  'doubled',
  'out of order',
  'recovery',
]

function cells({ jobs, messages, jobsRecovery, messagesRecovery, rerun }: Figures): (string | number)[] {
  return [
    ...[jobs.acknowledged, jobs.refused, jobs.lost, jobs.settledTwice, jobs.ranAgain],
    seconds(rerun ?? jobsRecovery),
    ...[
      messages.acknowledged,
      messages.refused,
      messages.lost,
      messages.excused,
      messages.doubled,
      messages.disordered,
    ],
    seconds(messagesRecovery),
  ]
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? 'never' : `${(ms / 1_000).toFixed(1)} s`
}
