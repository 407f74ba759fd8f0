// What the service answers, for the server and the page alike: types only.

/** `POST /networks` */
export interface CreatedNetwork extends NetworkSummary {
  readonly network_id: string
  readonly nodes: number
  readonly edges: number
  readonly links: { readonly updates: string; readonly workflows: string }
}

/** What a network is, without its parts. */
export interface NetworkSummary {
  readonly name: string
  readonly model: 'hill-ode' | 'boolean-threshold'
}

/** `GET /networks/bundled` */
export interface BundledNetworks {
  readonly networks: readonly BundledNetwork[]
}

/** A network that comes with the service. `text` is its file. */
export interface BundledNetwork extends NetworkSummary {
  readonly file: string
  readonly text: string
}

/** `POST /workflows` */
export interface StartedWorkflow {
  readonly workflow_id: string
  readonly job_id: string
  readonly links: WorkflowLinks
}

/** Where to go from a workflow. */
export interface WorkflowLinks {
  readonly self: string
  /** A WebSocket with `WORKFLOW_UPDATE` messages. */
  readonly updates: string
  readonly trace: string
  /** Takes a POST. It is an endpoint of the library. */
  readonly cancel: string
}

/** `GET /workflows`, the newest first. */
export interface WorkflowList {
  readonly workflows: readonly { readonly workflow_id: string }[]
}

/** `GET /workflows/:id` */
export interface WorkflowState {
  readonly workflow_id: string
  readonly job_id: string
  readonly network_id: string
  readonly network: NetworkSummary & { readonly nodes: readonly string[] }
  readonly created_at: string
  readonly status: string
  /** Per cent. */
  readonly progress: number
  readonly result?: WorkflowResult | undefined
  readonly error?: { readonly message: string } | undefined
  readonly links: WorkflowLinks
}

/** What a workflow finds out: period and amplitude, or fixed points with their basins. */
export type WorkflowResult = OscillationResult | AttractorsResult

/** What became of a network of differential equations. */
export interface OscillationResult {
  readonly kind: 'oscillation'
  /** Absent when the network comes to rest. */
  readonly periodMinutes?: number
  /** How much the period changed when the integration step was halved: the numerical error. */
  readonly periodErrorMinutes?: number
  readonly genes: readonly GeneResult[]
  readonly series: Series
}

/** Proteins per cell of one gene over the second half of the run, when the start is forgotten. */
export interface GeneResult {
  readonly id: string
  readonly meanProteins: number
  /** Mean maximum less mean minimum, 0 at rest. */
  readonly amplitudeProteins: number
}

/** The beginning of the run, for a plot: proteins per cell of each gene, in the order of the network's nodes. */
export interface Series {
  readonly minutes: readonly number[]
  readonly proteins: readonly (readonly number[])[]
}

/** What became of all states of a Boolean network. */
export interface AttractorsResult {
  readonly kind: 'attractors'
  /** 2 to the number of nodes. */
  readonly states: number
  readonly attractorCount: number
  /** Those of the largest basins, at most 50, largest first. */
  readonly attractors: readonly Attractor[]
  /** The states from the network's `start` to its attractor, each as the nodes that are on; the first 100. */
  readonly path?: readonly (readonly string[])[]
}

/** Where trajectories end. */
export interface Attractor {
  /** 1 for a fixed point, else the length of the cycle. */
  readonly period: number
  /** The nodes that are on, for each state of the cycle in order; the first 16 states. */
  readonly cycle: readonly (readonly string[])[]
  /** How many states lead here, those of the attractor included. */
  readonly basin: number
}

/** `GET /workflows/:id/trace`: the spans that have ended, in the order in which they started. */
export interface Trace {
  readonly trace_id: string
  readonly spans: readonly TraceSpan[]
}

/** One operation of a trace. */
export interface TraceSpan {
  readonly span_id: string
  readonly parent_span_id: string | undefined
  readonly name: string
  readonly kind: string
  /** Milliseconds after the first span of the answer. */
  readonly start: number
  /** Milliseconds. */
  readonly duration: number
  readonly status: 'unset' | 'error'
  readonly message: string | undefined
}

/** Every answer of 400 and above. */
export interface ErrorAnswer {
  readonly error: {
    readonly code: string
    readonly message: string
    /** What is wrong with a network file. */
    readonly issues?: readonly NetworkIssue[]
  }
}

/** One thing that is wrong with a network file. Lines and columns count from 1. */
export interface NetworkIssue {
  /** Such as `edges[3].to`, empty for the file as a whole. */
  readonly path: string
  readonly message: string
  readonly line: number
  readonly column: number
}
