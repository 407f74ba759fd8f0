import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { type CoreBug, roomCoreBugs } from './room-core-bugs.js'
import { roomDriverBugs } from './room-driver-bugs.js'
import * as sound from './rooms-under-test.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bundles = mkdtempSync(join(tmpdir(), 'triport-mutations-'))
after(() => rmSync(bundles, { recursive: true }))

type UnderTest = typeof sound

describe('a bug of a driver is caught:', () => {
  for (const { name, plant } of roomDriverBugs) {
    test(name, async (t) => {
      const failure = await firstFailure(sound.claims(plant))
      assert.ok(failure, 'every claim holds')
      t.diagnostic(failure.name)
    })
  }
})

// In a short run one of the two has to do, since each of them takes seconds for some bugs.
describe('a bug of the core is caught:', () => {
  for (const bug of roomCoreBugs) {
    test(`${bug.name}: by the suite`, { skip: bug.unseenBySuite ?? false }, async (t) => {
      const mutant = await mutated(bug)
      const failure = await firstFailure(mutant.claims())
      assert.ok(failure, 'every claim holds')
      t.diagnostic(failure.name)
    })
    if (!process.env.TRIPORT_LONG && !bug.unseenBySuite) continue
    test(`${bug.name}: by the fuzzer`, { skip: bug.unseenByFuzzer ?? false }, async () => {
      assert.ok(await firstFailure((await mutated(bug)).scenarios()), 'every scenario goes well')
    })
  }
})

test('without a bug, nothing is caught', async () => {
  assert.equal(await firstFailure([...sound.claims(), ...sound.scenarios()]), undefined)
})

test('docs/contributing.md lists the planted bugs', () => {
  const page = readFileSync(join(root, 'docs/contributing.md'), 'utf8')
  const [, section = ''] = page.split('## The suite of rooms is tested too')
  const listed = [...(section.split('\n## ')[0] ?? '').matchAll(/^- (.*)$/gm)].map(([, name]) => name)
  assert.deepEqual(
    listed,
    [...roomDriverBugs, ...roomCoreBugs].map(({ name }) => name),
  )
})

/** A claim that a bug makes wait for ever has failed too. */
async function firstFailure(tests: readonly sound.Registered[]): Promise<{ name: string; error: unknown } | undefined> {
  for (const { name, run } of tests) {
    try {
      await run()
    } catch (error) {
      return { name, error }
    }
  }
  return undefined
}

const mutants = new Map<CoreBug, Promise<UnderTest>>()

/** The suite and the core, bundled with one change in it. */
function mutated(bug: CoreBug): Promise<UnderTest> {
  const made = mutants.get(bug) ?? makeMutant(bug, join(bundles, `${roomCoreBugs.indexOf(bug)}.mjs`))
  mutants.set(bug, made)
  return made
}

async function makeMutant({ file, from, to }: CoreBug, outfile: string): Promise<UnderTest> {
  const target = resolve(root, file)
  const source = readFileSync(target, 'utf8')
  assert.equal(source.split(from).length, 2, `${file} has ${JSON.stringify(from)} not exactly once`)
  await build({
    entryPoints: [join(root, 'test/mutations/rooms-under-test.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    logLevel: 'error',
    plugins: [
      {
        name: 'plant',
        setup: ({ onLoad }) => {
          onLoad({ filter: /\.ts$/ }, ({ path }) =>
            path === target ? { contents: source.replace(from, () => to), loader: 'ts' } : undefined,
          )
        },
      },
    ],
  })
  return (await import(pathToFileURL(outfile).href)) as UnderTest
}
