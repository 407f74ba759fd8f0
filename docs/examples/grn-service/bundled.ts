import { readdir, readFile } from 'node:fs/promises'
import type { BundledNetwork, BundledNetworks } from './api.js'
import { parseNetwork } from './network.js'

const folder = new URL('networks/', import.meta.url)

/** The networks that come with the service. */
export async function bundledNetworks(): Promise<BundledNetworks> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort()
  return { networks: await Promise.all(files.map(readBundled)) }
}

async function readBundled(file: string): Promise<BundledNetwork> {
  const text = await readFile(new URL(file, folder), 'utf8')
  const { name, model } = parseNetwork(text)
  return { file, name, model, text }
}
