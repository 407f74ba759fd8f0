import { TriportError } from './errors.js'

/** One thing that is wrong with a value, as Standard Schema states it. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a Standard Schema answers: a value or issues. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** Any validator that implements Standard Schema version 1 (https://standardschema.dev): zod, valibot, arktype and others. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** Whether a value is a schema by Standard Schema. */
export function isSchema(value: unknown): value is StandardSchema {
  return typeof (value as Partial<StandardSchema> | null | undefined)?.['~standard']?.validate === 'function'
}

/**
 * Validates `value`.
 *
 * @param what Names the value in the message: `Input of task "process_workflow"`.
 * @returns The schema's output.
 * @throws `ERR_INPUT_INVALID` with `details.issues`, each `{ path, message }`.
 */
export async function validate<Output>(
  schema: StandardSchema<unknown, Output>,
  value: unknown,
  what: string,
): Promise<Output> {
  const result = await schema['~standard'].validate(value)
  if (!result.issues) return result.value
  const issues = plainIssues(result.issues)
  throw new TriportError('ERR_INPUT_INVALID', `${what} is invalid: ${issueList(issues)}`, { details: { issues } })
}

/** An issue as errors and frames carry it: `path` is '' or like `users.0.name`. */
export interface PlainIssue {
  readonly path: string
  readonly message: string
}

export function plainIssues(issues: readonly SchemaIssue[]): PlainIssue[] {
  return issues.map(({ message, path }) => ({ path: pathText(path), message }))
}

export function issueList(issues: readonly PlainIssue[]): string {
  return issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
}

function pathText(path: SchemaIssue['path']): string {
  return (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
}
