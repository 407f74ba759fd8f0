// Run after changing a dependency: node .ci/lock.mjs
// Completes the lock files, so that `npm ci` accepts them on every platform: a registry that holds only its own platform's
// binaries leaves the other platforms' optional packages out. Drops addresses, so that each machine uses its own registry.
import { readFileSync, writeFileSync } from 'node:fs'

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

for (const path of ['../package-lock.json', '../test/bench/package-lock.json', '../test/receiver/package-lock.json']) {
  const file = new URL(path, import.meta.url)
  const lock = JSON.parse(readFileSync(file, 'utf8'))
  lock.packages = completed(lock.packages)
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
}

function completed(packages) {
  for (const [path, entry] of Object.entries(packages)) {
    delete entry.resolved
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const known = [`${path}/node_modules/${name}`, `node_modules/${name}`].some((place) => packages[place])
      const platform = platformOf(name)
      if (known || platform === undefined) continue
      packages[`node_modules/${name}`] = { version, ...(entry.dev ? { dev: true } : {}), optional: true, ...platform }
    }
  }
  const [root, ...rest] = Object.entries(packages)
  rest.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries([root, ...rest])
}

function platformOf(name) {
  const words = name.split(/[/-]/)
  const os = systems.find((system) => words.includes(system))
  const cpu = processors.find((processor) => words.some((word) => word === processor))
  if (os === undefined && cpu === undefined) return undefined
  const musl = words.includes('musl') || words.includes('musleabihf')
  const gnu = words.includes('gnu') || words.includes('gnueabihf')
  return {
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(os ? { os: [os] } : {}),
    ...(os === 'linux' && (musl || gnu) ? { libc: [musl ? 'musl' : 'glibc'] } : {}),
  }
}
