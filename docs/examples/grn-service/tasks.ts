import { defineTask, type TaskContext } from 'triport'
import { z } from 'zod'
import type { AttractorsResult, OscillationResult, WorkflowResult } from './api.js'
import { generateParameters } from './hill-ode.js'
import { type BooleanThresholdNetwork, type HillOdeNetwork, networkSchema } from './network.js'
import { type Tell, tellStep } from './progress.js'
import { analyseRuns, simulate } from './simulation.js'
import { analyseBasins, createRule, enumerateStates } from './state-space.js'

/**
 * Runs one workflow in the background, in a thread of its own: it computes for minutes without a pause, and is ended when it is cancelled.
 * Its progress goes to the room `workflow:<id>`.
 */
export const processWorkflow = defineTask({
  name: 'process_workflow',
  input: z.object({ workflowId: z.string(), network: networkSchema }),
  isolate: 'thread',
  module: import.meta.url,
  timeout: '10m',
  maxRetries: 3,
  room: ({ workflowId }) => `workflow:${workflowId}`,
  async run({ network }, ctx): Promise<WorkflowResult> {
    return network.model === 'hill-ode' ? await findOscillation(network, ctx) : await findAttractors(network, ctx)
  },
})

async function findOscillation(network: HillOdeNetwork, ctx: TaskContext): Promise<OscillationResult> {
  const parameters = await step(ctx, 'parameter_generation', 0, () => generateParameters(network))
  const runs = await step(ctx, 'simulation', 5, (tell) => simulate(network, parameters, tell))
  return step(ctx, 'analysis', 95, () => analyseRuns(network, runs))
}

async function findAttractors(network: BooleanThresholdNetwork, ctx: TaskContext): Promise<AttractorsResult> {
  const rule = await step(ctx, 'parameter_generation', 0, () => createRule(network))
  const basins = await step(ctx, 'state_space_enumeration', 5, (tell) => enumerateStates(network, rule, tell))
  return step(ctx, 'analysis', 95, () => analyseBasins(network, rule, basins))
}

/** A step of a workflow, as a span that begins at a percentage. */
async function step<Result>(
  ctx: TaskContext,
  name: string,
  percent: number,
  fn: (tell: Tell) => Result,
): Promise<Result> {
  await ctx.progress(percent, { step: name })
  return ctx.tracer.span(name, () => fn(tellStep(ctx, name)))
}
