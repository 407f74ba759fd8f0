const allowed = new Set([
  ...['core', 'drivers', 'adapters', 'test', 'docs'],
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'README.md', 'CHANGELOG.md', 'LICENSE'],
])

/** What lies at the top level and should not. Dot files may. */
export function strayTopLevel(paths: readonly string[]): string[] {
  const names = new Set(paths.map((path) => path.split('/')[0] ?? path))
  return [...names].filter((name) => !name.startsWith('.') && !allowed.has(name)).sort()
}

/** Addresses in a lock file: each machine uses its own registry. */
export function lockProblems(path: string, text: string): string[] {
  const { packages } = JSON.parse(text) as { packages: Record<string, { resolved?: string; link?: boolean }> }
  return Object.entries(packages)
    .filter(([, entry]) => entry.resolved !== undefined && !entry.link)
    .map(([name]) => `${path}: ${name} resolved`)
}
