import assert from 'node:assert/strict'
import type { RoomsDriver } from '../../../../core/ports/rooms.js'
import type { FastCheck, FuzzArbitrary, FuzzCommand } from '../../fast-check.js'
import type { RoomsConformance, RoomsHarness } from '../harness.js'
import { startHub } from '../hub-node.js'
import { chaotic, type Mishap } from './chaos.js'
import { createScene, type PlayedNode, type Scene, type Stage } from './scene.js'

/** What the fuzzer of rooms drivers needs. */
export interface RoomsFuzz extends RoomsConformance {
  /** fast-check 4: `import fc from 'fast-check'`. It is passed in, so that nobody needs it who does not fuzz. */
  readonly fc: FastCheck
  /** How many scenarios. @default 200 */
  readonly runs?: number
  /** Plays the scenarios of an earlier run again. @default a random one */
  readonly seed?: number
}

/**
 * Plays random scenarios on rooms over two nodes of a driver: clients come, leave, and come back elsewhere, while messages are lost, doubled,
 * late or without their text on the way to a node, nodes are cut off, logs are lost or lose their end. Afterwards everybody must have heard its
 * history, SUBSCRIBED, and then every message once and in order, with each hole told; and have been recovered only when nothing was missing.
 *
 * A failure is shrunk to a short story and tells its seed.
 *
 * @example roomsFuzz({ test, fc, create: async () => ({ driver, advance, interrupt, lose, stop }) })
 */
export function roomsFuzz({ test, fc, create, runs = 200, seed = randomSeed(), patience }: RoomsFuzz): void {
  test(`rooms driver: in ${runs} random scenarios members hear all, in order, or of the hole (seed ${seed})`, async () => {
    const harness = await create()
    const nodes = [await playedNode(harness, 'node A', patience), await playedNode(harness, 'node B', patience)]
    const { interrupt, lose } = harness
    try {
      for (const whole of [false, true]) {
        await play(fc, { nodes, whole, interrupt, lose }, { runs: Math.ceil(runs / 2), seed })
      }
    } finally {
      for (const node of nodes) await node.stop()
      await harness.stop()
    }
  })
}

async function playedNode(harness: RoomsHarness, name: string, patience: number | undefined): Promise<PlayedNode> {
  const driver: RoomsDriver = harness.driver()
  const chaos = chaotic(driver)
  const instanceId = name.replace(' ', '-')
  const hub = await startHub(chaos.driver, {
    instanceId,
    driverClock: harness.clock,
    random: () => 0.5,
    ...(patience !== undefined && { patience }),
  })
  return { ...hub, name, driver, chaos }
}

async function play(fc: FastCheck, stage: Stage, { runs, seed }: { runs: number; seed: number }): Promise<void> {
  const steps = fc.commands(stepsOf(fc), { maxCommands: 50, size: 'max', disableReplayLog: true })
  const property = fc.asyncProperty(steps, async (planned) => {
    const scene = createScene(stage)
    try {
      await fc.asyncModelRun(() => ({ model: scene, real: stage }), planned)
      await scene.end()
    } catch (error) {
      throw new Error(storyOf(scene, error), { cause: error })
    } finally {
      await scene.clear()
    }
  })
  const { failed, numRuns, numShrinks, counterexamplePath, errorInstance } = await fc.check(property, {
    seed,
    numRuns: runs,
  })
  if (!failed) return
  const story = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  const replay = `seed: ${seed}, path: "${counterexamplePath}"; roomsFuzz({ seed: ${seed} }) plays it again`
  assert.fail(`Scenario ${numRuns} broke the contract (${replay}). Shrunk ${numShrinks} times:\n\n${story}`)
}

/** One step: what happens, on which node, and a number that picks the rest. */
interface Plan {
  readonly node: number
  readonly pick: number
}

type Step = FuzzCommand<Scene, Stage>

const replays = ['latest', 3, 'none'] as const

const effects: Readonly<Record<string, (scene: Scene, node: PlayedNode, pick: number) => Promise<void> | void>> = {
  publish: (scene, node, pick) => scene.publish(node, [1_000, 1_000, 3, 0][pick % 4] ?? 1_000),
  join: (scene, node, pick) => scene.join(node, replays[pick % 3] ?? 'latest'),
  leave: (scene, _, pick) => scene.leave(pick),
  comeBack: (scene, node, pick) => scene.comeBack(node, pick),
  lost: mishap('lost'),
  twice: mishap('twice'),
  late: mishap('late'),
  wake: mishap('without text'),
  hold({ story }, { name, chaos }) {
    story.push(`replies to ${name} are held back`)
    chaos.hold()
  },
  release({ story }, { name, chaos }) {
    story.push(`replies to ${name} are let go`)
    chaos.release()
  },
  burst: async (scene, node, pick) => {
    for (let n = 0; n < 6; n++) await scene.publish(node, pick % 2 ? 3 : 1_000)
  },
  failover: async (scene, node, pick) => {
    await scene.cut(node)
    await scene.lose(1 + (pick % 3))
    for (let n = 0; n < 3; n++) await scene.publish(scene.other(node), 1_000)
    await scene.heal(0)
  },
  cut: (scene, node) => scene.cut(node),
  heal: (scene, _, pick) => scene.heal(pick),
  lose: (scene, _, pick) => scene.lose(pick % 3 === 0 ? undefined : pick % 3),
  look: (scene, node) => scene.look(node),
}

function mishap(kind: Mishap) {
  return ({ story }: Scene, { name, chaos }: PlayedNode): void => {
    story.push(`the next message to ${name}: ${kind}`)
    chaos.plan(kind)
  }
}

/** What makes progress happens more often than what disturbs it. */
function stepsOf(fc: FastCheck): FuzzArbitrary<Step>[] {
  const often = ['publish', 'publish', 'publish', 'publish', 'join', 'comeBack', 'heal', 'release']
  const names = [...Object.keys(effects), ...often]
  return names.map((name) =>
    fc.record<Plan>({ node: fc.nat(1), pick: fc.nat(11) }).map(({ node, pick }) => ({
      check: () => true,
      async run(scene, { nodes }) {
        await effects[name]?.(scene, nodes[node] as PlayedNode, pick)
      },
      toString: () => `${name}(${node}, ${pick})`,
    })),
  )
}

function storyOf({ story }: Scene, error: unknown): string {
  const lines = story.map((line, place) => `${String(place + 1).padStart(3)}. ${line}`)
  return `${lines.join('\n')}\n\n${error instanceof Error ? error.message : String(error)}\n`
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31)
}
