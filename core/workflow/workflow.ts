/**
 * Tasks put together, made by `chain`, `group`, `chord`, `map` and `step`, and enqueued like a task. It is a value: it may be
 * enqueued any number of times, and stand inside others. `Input` is what its first steps take, `Output` what the whole results in.
 */
export interface Workflow<Input = unknown, Output = unknown> {
  /** @internal */
  readonly '~node': object
  /** For the type checker only. */
  readonly '~types'?: { readonly input: Input; readonly output: Output }
}

/** A workflow of any input and output. */
export type AnyWorkflow = Workflow

/** Whether `value` is a workflow. */
export function isWorkflow(value: unknown): value is AnyWorkflow {
  return typeof value === 'object' && value !== null && '~node' in value
}
