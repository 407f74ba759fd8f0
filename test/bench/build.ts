import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

/** A change of the source, for a control without a part of it. */
export interface Change {
  readonly file: string
  readonly from: string
  readonly to: string
}

/** Programs as they are when the package is built: what tsx adds to functions would be measured with them. */
export interface Programs {
  /** Runs one to its end. @returns its answer */
  ask(program: string, question: object): Promise<unknown>
  /** Starts one that goes on after its answer. */
  start(program: string, question: object): Promise<Running>
  close(): void
}

export interface Running {
  readonly answer: unknown
  /** Asks it something more, one question at a time. */
  ask(question: unknown): Promise<unknown>
  stop(): Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

export async function buildPrograms(names: readonly string[], changes: readonly Change[] = []): Promise<Programs> {
  // Within the repository, so that packages are found from there.
  const folder = mkdtempSync(join(root, 'node_modules/.bench-'))
  await build({
    entryPoints: names.map((name) => join(root, `test/bench/${name}.ts`)),
    outbase: join(root, 'test/bench'),
    outdir: folder,
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node22',
    logLevel: 'error',
    plugins: [changing(changes)],
  })

  async function start(program: string, question: object): Promise<Running> {
    const child = fork(join(folder, `${program}.mjs`), [JSON.stringify(question)], {
      env: { ...process.env, NODE_ENV: 'test' },
      execArgv: [], // Without tsx.
    })
    const exit = once(child, 'exit')
    const told = () =>
      Promise.race([
        once(child, 'message').then(([message]) => message),
        exit.then(([code, signal]) => Promise.reject(new Error(`${program} ended with ${code ?? signal}`))),
      ])
    return {
      answer: await told(),
      ask(more) {
        const answer = told()
        child.send(more as object)
        return answer
      },
      async stop() {
        child.disconnect()
        await exit
      },
    }
  }

  return {
    start,
    async ask(program, question) {
      const { answer, stop } = await start(program, question)
      await stop()
      return answer
    },
    close: () => rmSync(folder, { recursive: true }),
  }
}

function changing(changes: readonly Change[]): Plugin {
  return {
    name: 'change',
    setup({ onLoad }) {
      for (const { file, from, to } of changes) {
        const target = resolve(root, file)
        const source = readFileSync(target, 'utf8')
        if (source.split(from).length !== 2) throw new Error(`${file} has ${JSON.stringify(from)} not exactly once`)
        onLoad({ filter: /\.ts$/ }, ({ path }) =>
          path === target ? { contents: source.replace(from, () => to), loader: 'ts' } : undefined,
        )
      }
    },
  }
}
