import { defineTask, type TaskContext } from 'triport'
import { z } from 'zod'
import type { AttractorsResult, OscillationResult, WorkflowResult } from './api.js'
import { generateParameters } from './hill-ode.js'
import { type BooleanThresholdNetwork, type HillOdeNetwork, networkSchema } from './network.js'
import { analyseRuns, simulate } from './simulation.js'
import { runInSlices, type Work } from './slices.js'
import { analyseBasins, createRule, enumerateStates } from './state-space.js'

/** Runs one workflow in the background. Its progress goes to the room `workflow:<id>`. */
export const processWorkflow = defineTask({
  name: 'process_workflow',
  input: z.object({ workflowId: z.string(), network: networkSchema }),
  timeout: '10m',
  maxRetries: 3,
  room: ({ workflowId }) => `workflow:${workflowId}`,
  async run({ network }, ctx): Promise<WorkflowResult> {
    return network.model === 'hill-ode' ? await findOscillation(network, ctx) : await findAttractors(network, ctx)
  },
})

async function findOscillation(network: HillOdeNetwork, ctx: TaskContext): Promise<OscillationResult> {
  const parameters = await step(ctx, 'parameter_generation', 0, () => generateParameters(network))
  const runs = await longStep(ctx, 'simulation', () => simulate(network, parameters))
  return step(ctx, 'analysis', 95, () => analyseRuns(network, runs))
}

async function findAttractors(network: BooleanThresholdNetwork, ctx: TaskContext): Promise<AttractorsResult> {
  const rule = await step(ctx, 'parameter_generation', 0, () => createRule(network))
  const basins = await longStep(ctx, 'state_space_enumeration', () => enumerateStates(network, rule))
  return step(ctx, 'analysis', 95, () => analyseBasins(network, rule, basins))
}

async function step<Result>(ctx: TaskContext, name: string, percent: number, fn: () => Result): Promise<Result> {
  await ctx.progress(percent, { step: name })
  return ctx.tracer.span(name, fn)
}

/** Takes the progress from 5 to 95 percent, and stops when the job is cancelled or times out. */
async function longStep<Result>(ctx: TaskContext, name: string, work: () => Work<Result>): Promise<Result> {
  const onProgress = (done: number) => ctx.progress(Math.round(5 + 90 * done), { step: name })
  return ctx.tracer.span(name, () => runInSlices(work(), { signal: ctx.signal, onProgress }))
}
