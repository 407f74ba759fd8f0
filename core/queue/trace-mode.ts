/**
 * How the spans of a job hang together with the one that enqueued it. `child`: they are part of its trace. `link`: they begin a trace of
 * their own that links to it. `auto`: `link` for a job that is to wait for more than a minute, or is one of more than 100 of a call, else
 * `child`.
 */
export type TraceMode = 'auto' | 'child' | 'link'

export const traceModes: readonly TraceMode[] = ['auto', 'child', 'link']
